"""What a document means needs Django's settings, though no database."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "isthmus.settings")
django.setup()

import os

import django

# Rows of models are made here, never stored: no database is needed.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "isthmus.settings")
django.setup()

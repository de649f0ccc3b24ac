"""Addresses of connections."""

from django.urls import URLPattern

patterns: list[URLPattern] = []

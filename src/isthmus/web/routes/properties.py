"""Addresses of properties."""

from django.urls import URLPattern

patterns: list[URLPattern] = []

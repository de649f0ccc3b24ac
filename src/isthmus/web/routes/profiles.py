"""Addresses of profiles."""

from django.urls import URLPattern

patterns: list[URLPattern] = []

"""Addresses of segments."""

from django.urls import URLPattern

patterns: list[URLPattern] = []

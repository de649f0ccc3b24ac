"""Addresses of components."""

from django.urls import URLPattern

patterns: list[URLPattern] = []

"""Addresses of runs."""

from django.urls import URLPattern

patterns: list[URLPattern] = []

"""Addresses of Home, of profiles over time, of alerts, and of a store that is held."""

from django.urls import URLPattern, path

from isthmus.web.views import home

patterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("home/profiles", home.profiles, name="home-profiles"),
    path("profiles-over-time", home.over_time, name="profiles-over-time"),
    path("resume", home.resume, name="resume"),
    path("alerts/<int:alert_id>/usual", home.usual, name="alert-usual"),
]

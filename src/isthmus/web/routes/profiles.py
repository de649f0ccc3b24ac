"""Addresses of profiles."""

from django.urls import URLPattern, path

from isthmus.web.views import profile, profiles

_ONE = "profiles/<uuid:profile_id>"

patterns: list[URLPattern] = [
    path("profiles", profiles.everyone, name="profiles"),
    path(_ONE, profile.profile, name="profile"),
    path(f"{_ONE}/changes", profile.changes, name="profile-changes"),
    path(f"{_ONE}/properties/<str:property_key>", profile.value, name="profile-value"),
    path(f"{_ONE}/properties/<str:property_key>/edit", profile.edit, name="profile-edit"),
]

"""Addresses of the page of components."""

from django.urls import path

from isthmus.web.views import components

patterns = [
    path("components", components.components, name="components"),
    path("components/confirmation", components.confirmation, name="confirmation-example"),
]

"""Addresses of properties."""

from django.urls import path

from isthmus.web.views import properties

patterns = [
    path("properties", properties.properties, name="properties"),
    path("new-property", properties.new_property, name="new-property"),
    path("properties/<str:property_key>", properties.property_page, name="property"),
]

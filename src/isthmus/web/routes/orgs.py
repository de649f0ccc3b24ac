"""Addresses of Salesforce orgs."""

from django.urls import path

from isthmus.web.views import orgs

patterns = [
    path("orgs/<str:org_id>", orgs.org, name="org"),
    path("orgs/<str:org_id>/share", orgs.share, name="org-share"),
]

"""Addresses of signing in, and of people."""

from django.urls import path

from isthmus.web.views import health, metrics, people, signing_in

patterns = [
    path("start", signing_in.first_start, name="first-start"),
    path("sign-in", signing_in.sign_in, name="sign-in"),
    path("sign-out", signing_in.sign_out, name="sign-out"),
    path("account", people.own_account, name="account"),
    path("account/password", people.own_password, name="own-password"),
    path("theme", people.theme, name="theme"),
    path("people", people.everyone, name="people"),
    path("people/new", people.new, name="new-person"),
    path("people/<int:user_id>", people.person, name="person"),
    path("people/<int:user_id>/password", people.password, name="person-password"),
    path("health", health.health, name="health"),
    path("metrics", metrics.metrics, name="metrics"),
]

"""Accounts."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils.timezone import now

from isthmus.domain.roles import Right, Role, may

ROLES = [(role.value, role.value) for role in Role]


class User(AbstractBaseUser):
    """Somebody who may sign in. Accounts are switched off and not deleted: history names them."""

    email = models.TextField(unique=True)  # lower case: the name to sign in with
    name = models.TextField()
    role = models.CharField(max_length=13, choices=ROLES, blank=True, default="")  # empty: none yet
    sees_personal_data = models.BooleanField(default=False)  # without it values are masked
    is_active = models.BooleanField(default=True)
    timezone = models.TextField(default="UTC")
    created_at = models.DateTimeField(default=now)
    failures = models.PositiveIntegerField(default=0)  # wrong passwords since the last right one
    locked_until = models.DateTimeField(null=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ["email"]

    def __str__(self) -> str:
        return self.email

    def may(self, right: Right) -> bool:
        """Whether the account is on and its role has the right."""
        return self.is_active and may(Role(self.role) if self.role else None, right)


class FirstCode(models.Model):
    """The code by which the first account is made in a browser; one row, while there is none."""

    one = models.BooleanField(primary_key=True, default=True)
    hashed = models.TextField()
    until = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(one=True), name="one_first_code")]

    def __str__(self) -> str:
        return f"valid until {self.until:%Y-%m-%d %H:%M}"

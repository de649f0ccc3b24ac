"""Connections, authorizations, goals and runs."""

from typing import Any

from django.db import models
from django.utils import timezone

from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.domain.properties import KEY_LENGTH

IMPORT = "import"
EXPORT = "export"


class Authorization(models.Model):
    """How to sign in to one org; secrets are encrypted."""

    flow = models.CharField(max_length=20)  # client_credentials or jwt
    login_url = models.TextField()
    client_id = models.TextField()
    username = models.TextField(blank=True, default="")  # for jwt
    audience = models.TextField(blank=True, default="")  # for jwt, where it is not the login host
    sealed_secret = models.BinaryField()  # client secret, or private key for jwt

    def __str__(self) -> str:
        return f"{self.flow} at {self.login_url}"


class Connection(models.Model):
    """One Salesforce org, with the goals that read from it and write to it."""

    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    name = models.TextField()
    active = models.BooleanField(default=True)
    sandbox = models.BooleanField(default=False)
    timezone = models.TextField(default="UTC")
    overlap_seconds = models.PositiveIntegerField(default=600)
    settle_seconds = models.PositiveIntegerField(default=30)
    org_id = models.CharField(max_length=18, blank=True, default="")  # pinned at the first sign-in
    authorization = models.OneToOneField(
        Authorization, null=True, on_delete=models.PROTECT
    )  # none: nobody has set up how to sign in
    description = models.TextField(blank=True, default="")
    labels = models.JSONField(default=list)  # texts, as `isthmus.domain.labels` allows them
    favoured_by = models.ManyToManyField("people.User", related_name="favourites")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.key


class Goal(models.Model):
    """One import or export of a connection."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="goals")
    key = models.CharField(max_length=KEY_LENGTH)
    direction = models.CharField(max_length=6, choices=[(IMPORT, IMPORT), (EXPORT, EXPORT)])
    position = models.PositiveIntegerField()
    document = models.JSONField()  # the goal as `isthmus.domain.goals` writes it
    version = models.PositiveIntegerField(default=1)  # counts changes of what is read and mapped
    slots = models.JSONField(default=dict)  # a mapping row's place in the arrays of record_link
    read_until = models.DateTimeField(null=True)  # the org's time up to which all was taken
    read_version = models.PositiveIntegerField(default=0)  # the version that was read with
    read_segment = models.TextField(blank=True, default="")  # of an export: digest of its condition
    read_whole_at = models.DateTimeField(null=True)  # and when it last looked at every member

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="goal_key")]

    def __str__(self) -> str:
        return self.key

    @property
    def definition(self) -> ImportGoal | ExportGoal:
        """What the goal does."""
        kind: Any = ImportGoal if self.direction == IMPORT else ExportGoal
        definition: ImportGoal | ExportGoal = kind.from_plain(self.document)
        return definition

    def take_slots(self, names: list[str]) -> list[int]:
        """The places of these mapping rows, 1 and up; new ones are added and never given away.

        Only sets the attribute: the caller saves.
        """
        for name in names:
            self.slots.setdefault(name, len(self.slots) + 1)
        return [self.slots[name] for name in names]


class RunState(models.TextChoices):
    """How a run, or a goal in it, stands; `states` says what may follow what."""

    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    CONFIRMING = "confirming", "waiting for confirmation"
    WAITING = "waiting", "waiting for API calls"
    STOPPING = "stopping", "stopping"
    FINISHED = "finished", "finished"
    PROBLEMS = "problems", "finished with problems"
    FAILED = "failed", "failed"
    STOPPED = "stopped", "stopped"


UNDER_WAY = (RunState.RUNNING, RunState.CONFIRMING, RunState.WAITING, RunState.STOPPING)
"""Of a run that has begun and not ended. A connection has one of these at most."""

OPEN = (RunState.QUEUED, *UNDER_WAY)


class Run(models.Model):
    """One run of a connection's goals. The row is the truth about it, whoever works on it."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()  # counts from 1 in each connection
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    full = models.BooleanField(default=False)  # everything again, not only what changed
    goal_keys = models.JSONField(default=list)  # which goals; none: all that are active
    asked_by = models.TextField(blank=True, default="")  # a person, a schedule, the command line
    confirmed_by = models.TextField(
        blank=True, default=""
    )  # who let it go on, where that was asked
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    wait_until = models.DateTimeField(null=True)  # of one that waits for API calls
    fence = models.PositiveIntegerField(default=0)  # counts those who took the run over
    api_calls = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], name="run_number"),
            models.UniqueConstraint(
                fields=["connection"], condition=models.Q(state="queued"), name="run_one_queued"
            ),
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(state__in=["running", "confirming", "waiting", "stopping"]),
                name="run_one_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection} #{self.number}"


class RunGoal(models.Model):
    """What one run did for one goal."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="goals")
    goal = models.ForeignKey(Goal, null=True, on_delete=models.SET_NULL, related_name="runs")
    key = models.CharField(max_length=KEY_LENGTH)  # stays when the goal is deleted
    direction = models.CharField(max_length=6)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    counts = models.JSONField(default=dict)
    window_from = models.DateTimeField(null=True)
    window_to = models.DateTimeField(null=True)
    jobs = models.JSONField(default=list)  # ids of Salesforce jobs, stored before they are used
    position = models.JSONField(null=True)  # stamp and id of the last record applied
    begun = models.JSONField(null=True)  # what its engine needs to go on where another ended
    seconds = models.JSONField(default=dict)  # by step
    step = models.TextField(blank=True, default="")  # under way now
    done = models.PositiveBigIntegerField(default=0)  # records that are through the step
    total = models.PositiveBigIntegerField(null=True)  # records of the step, where it is known
    tries = models.PositiveIntegerField(default=0)  # how often an engine began or went on
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    message = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        # Finds a goal's last result, however often it ran.
        indexes = [models.Index(fields=["goal", "-id"], name="rungoal_last")]

    def __str__(self) -> str:
        return f"{self.run} {self.key}"

"""Connections, authorizations, goals and runs."""

from typing import Any

from django.db import models
from django.utils import timezone

from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.domain.properties import KEY_LENGTH

IMPORT = "import"
EXPORT = "export"

NEW_SCHEDULE = {"times_a_day": 1}
"""Of a connection that nobody gave another one."""


def new_schedule() -> dict[str, Any]:
    """What a connection gets that is made without a schedule."""
    return dict(NEW_SCHEDULE)


class When(models.TextChoices):
    """Which ends of runs somebody is told of. A lost sign-in is always told."""

    EVERY = "every", "every run"
    PROBLEMS = "problems", "problems and failures"
    FAILURES = "failures", "failures only"


class Org(models.Model):
    """A Salesforce org that connections lead to, and how many API calls of it we may use."""

    org_id = models.CharField(max_length=18, unique=True)  # 18 characters
    share_percent = models.PositiveSmallIntegerField(default=50)  # of the limit that we may use
    calls_limit = models.PositiveIntegerField(null=True)  # in 24 hours; None: Salesforce not asked
    calls_used = models.PositiveIntegerField(null=True)  # by everybody, as Salesforce said last
    others_used = models.PositiveIntegerField(default=0)  # of these, not by us
    measured_at = models.DateTimeField(null=True)  # when it said so

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.org_id


class OrgCalls(models.Model):
    """API calls that were made for a connection in an hour, or are set aside for it."""

    org = models.ForeignKey(Org, on_delete=models.CASCADE, related_name="counted")
    # A row id and no foreign key: calls count on when the connection is deleted, and whoever holds
    # the connection's row keeps nobody from calling. 0: none yet.
    connection = models.PositiveIntegerField()
    hour = models.DateTimeField()
    calls = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["org", "connection", "hour"], name="calls_of_hour")
        ]

    def __str__(self) -> str:
        return f"{self.calls} calls"


class App(models.Model):
    """An External Client App (or connected app) that people sign in through by their browser."""

    name = models.TextField(unique=True)  # what people choose it by
    client_id = models.TextField()  # the consumer key
    sealed_secret = models.BinaryField(default=b"")  # empty: the app asks for none

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Authorization(models.Model):
    """How to sign in to one org, and what is known of who is signed in. Secrets are encrypted.

    Any number of connections may share one; with the last of them it goes.
    """

    flow = models.CharField(max_length=20)  # as `authorizations.Flow` names them
    login_url = models.TextField()
    client_id = models.TextField()
    username = models.TextField(blank=True, default="")  # for jwt
    audience = models.TextField(blank=True, default="")  # for jwt, where it is not the login host
    sealed_secret = models.BinaryField(default=b"")  # client secret, or private key for jwt
    certificate = models.TextField(blank=True, default="")  # for jwt, where it was made here (PEM)

    # What the last sign-in gave. A refresh token is stored before the access token is used.
    sealed_refresh_token = models.BinaryField(default=b"")  # browser flow only
    sealed_access_token = models.BinaryField(default=b"")
    instance_url = models.TextField(blank=True, default="")
    renewals = models.PositiveIntegerField(default=0)  # tells an access token from the one after it
    renewed_at = models.DateTimeField(null=True)

    # Who signed in, and where.
    org_id = models.CharField(max_length=18, blank=True, default="")
    org_name = models.TextField(blank=True, default="")
    user_id = models.CharField(max_length=18, blank=True, default="")
    user_name = models.TextField(blank=True, default="")  # the user name in Salesforce
    signed_in_at = models.DateTimeField(null=True)  # when a person or a form set it up
    signed_in_by = models.TextField(blank=True, default="")  # who that was, here

    # Once Salesforce has refused for good, nobody asks again until it is set up anew.
    lost_at = models.DateTimeField(null=True)
    lost_reason = models.TextField(blank=True, default="")

    permissions = models.JSONField(
        default=dict
    )  # whether granted, by field of UserPermissionAccess
    permissions_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["org_id", "user_id"], name="authorization_user")]

    def __str__(self) -> str:
        return f"{self.flow} at {self.login_url}"


class Revocation(models.Model):
    """A token that is no longer wanted and that Salesforce is still to be told about."""

    login_url = models.TextField()
    sealed_token = models.BinaryField()
    asked_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"a token of {self.login_url}"


class SignInAttempt(models.Model):
    """A sign-in by browser that was begun here and not ended. Good for one answer."""

    state_digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the state, in hex
    session_digest = models.CharField(max_length=64)  # of the browser's session here
    connection = models.ForeignKey("Connection", on_delete=models.CASCADE)
    app = models.ForeignKey(App, on_delete=models.CASCADE)
    login_url = models.TextField()
    redirect_uri = models.TextField()
    sealed_verifier = models.BinaryField()  # PKCE
    begun_by = models.TextField()
    begun_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True, default="")  # empty: not ended
    message = models.TextField(blank=True, default="")  # what is said of the outcome

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"sign-in at {self.login_url}"


class KnownObject(models.Model):
    """What an org's user sees of one object: its description, and some values of each field."""

    authorization = models.ForeignKey(
        Authorization, on_delete=models.CASCADE, related_name="known_objects"
    )
    sobject = models.CharField(max_length=80)
    described_at = models.DateTimeField()
    description = models.JSONField()  # as Salesforce sent it
    samples = models.JSONField(default=dict)  # up to three values by field, as texts
    records = models.PositiveBigIntegerField(null=True)  # how many there are; None: not counted

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["authorization", "sobject"], name="known_object")
        ]

    def __str__(self) -> str:
        return self.sobject


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
    authorization = models.ForeignKey(
        Authorization, null=True, on_delete=models.PROTECT, related_name="connections"
    )  # none: nobody has set up how to sign in
    confirm_above = models.PositiveSmallIntegerField(
        null=True
    )  # percent of the records that a goal's run may change by itself; None: any
    confirm_hours = models.PositiveSmallIntegerField(default=24)  # how long a run waits for a yes
    description = models.TextField(blank=True, default="")
    labels = models.JSONField(default=list)  # texts, as `isthmus.domain.labels` allows them
    schedule = models.JSONField(default=new_schedule)  # as `isthmus.domain.schedules` writes it
    due_at = models.DateTimeField(null=True, db_index=True)  # the next time of it; None: none
    notify_to = models.JSONField(default=list)  # e-mail addresses
    notify_when = models.CharField(max_length=10, choices=When.choices, default=When.PROBLEMS)
    webhook_url = models.TextField(blank=True, default="")  # empty: none
    sealed_webhook_secret = models.BinaryField(default=b"")
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
        # A page asks several times, and a goal may have hundreds of rows. The document is given
        # anew where it changes, never changed itself.
        kept: tuple[Any, ImportGoal | ExportGoal] | None = self.__dict__.get("_definition")
        if kept is None or kept[0] is not self.document:
            kind: Any = ImportGoal if self.direction == IMPORT else ExportGoal
            kept = self.document, kind.from_plain(self.document)
            self.__dict__["_definition"] = kept
        return kept[1]

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


class _RunsThatCount(models.Manager["Run"]):
    """Runs, without previews: wherever runs are told, listed or counted, previews are none."""

    def get_queryset(self) -> models.QuerySet["Run"]:
        """All that are no previews."""
        return super().get_queryset().filter(preview=False)


class Run(models.Model):
    """One run of a connection's goals. The row is the truth about it, whoever works on it.

    A preview is worked off like a run and told nowhere as one: `objects` and a connection's `runs`
    leave previews out, `every` has them.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    number = (
        models.PositiveIntegerField()
    )  # counts from 1 in each connection; previews by themselves
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    full = models.BooleanField(default=False)  # everything again, not only what changed
    goal_keys = models.JSONField(default=list)  # which goals; none: all that are active
    preview = models.BooleanField(default=False)  # says what a run would do, and writes nothing
    first = models.PositiveIntegerField(null=True)  # only so many records of each goal
    only = models.TextField(blank=True, default="")  # only this record or profile, by its id
    asked_by = models.TextField(blank=True, default="")  # a person, a schedule, the command line
    confirmed_by = models.TextField(
        blank=True, default=""
    )  # who let it go on, where that was asked
    confirm_until = models.DateTimeField(null=True)  # of one that waits: it ends then without a yes
    due_at = models.DateTimeField(null=True)  # the time of the schedule that it is for
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    wait_until = models.DateTimeField(null=True)  # of one that waits for API calls
    waits_since = models.DateTimeField(null=True)  # when it had to wait for them first
    fence = models.PositiveIntegerField(default=0)  # counts those who took the run over
    api_calls = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True, default="")

    objects = _RunsThatCount()
    every = models.Manager["Run"]()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "preview", "number"], name="run_number_of_kind"
            ),
            models.UniqueConstraint(
                fields=["connection", "preview"],
                condition=models.Q(state="queued"),
                name="run_one_queued_of_kind",
            ),
            # A run that waits for a yes keeps no preview back.
            models.UniqueConstraint(
                fields=["connection", "preview"],
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
    asked = models.JSONField(null=True)  # what somebody has to agree to; see `guards.Asked`
    begun = models.JSONField(null=True)  # what its engine needs to go on where another ended
    foreseen = models.JSONField(null=True)  # of a preview: what it says beside the counts
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


class Alert(models.Model):
    """Something beyond a single run that somebody should look at, from when it began to its end."""

    kind = models.CharField(max_length=30)  # as `alerts` names them
    about = models.TextField()  # what it is about, such as `connection 7` or `goal 12`
    connection = models.ForeignKey(
        Connection, null=True, on_delete=models.CASCADE, related_name="alerts"
    )
    goal = models.ForeignKey(Goal, null=True, on_delete=models.CASCADE, related_name="alerts")
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="alerts")
    facts = models.JSONField(default=dict)  # numbers and names that its sentence is made of
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)  # None: it still is so

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about"],
                condition=models.Q(closed_at__isnull=True),
                name="alert_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"


class MailServer(models.Model):
    """Where e-mail is handed over. One row at most; the environment goes before it."""

    host = models.TextField()
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(max_length=10, default="starttls")  # or tls, none
    username = models.TextField(blank=True, default="")  # empty: it asks for none
    sealed_password = models.BinaryField(default=b"")
    sender = models.TextField()  # address that letters come from

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Letter(models.Model):
    """Something that is to be told by e-mail or webhook. Its words are made when it is sent."""

    EMAIL, WEBHOOK = "email", "webhook"

    channel = models.CharField(max_length=10)
    key = models.TextField()  # what it is about, such as `run 12`: told once by each channel
    connection = models.ForeignKey(Connection, null=True, on_delete=models.CASCADE)
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE)
    asks = models.ForeignKey(
        RunGoal, null=True, on_delete=models.CASCADE
    )  # what somebody is to agree to; None: it tells of a run's end, or of an alert
    alert = models.ForeignKey(Alert, null=True, on_delete=models.CASCADE)
    to = models.JSONField(default=list)  # addresses that have not got it yet; a webhook's address
    heard = models.PositiveIntegerField(default=0)  # how many have got it
    refused = models.JSONField(default=dict)  # addresses that never get it, and why
    written_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)  # of the next try
    tries = models.PositiveIntegerField(default=0)
    held_until = models.DateTimeField(null=True)  # by the process that sends it
    sent_at = models.DateTimeField(null=True)  # to all who are to get it and can
    given_up_at = models.DateTimeField(null=True)
    missed = models.JSONField(default=list)  # given up: addresses that nothing has reached since
    trouble = models.TextField(blank=True, default="")  # what the last try met

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["channel", "key"], name="letter_once")]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
                name="letter_due",
            ),
            models.Index(
                fields=["channel"],
                condition=models.Q(given_up_at__isnull=False) & ~models.Q(missed=[]),
                name="letter_missed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.key}"


class PageAddress(models.Model):
    """Where the pages were served last, as a browser finds them. One row at most."""

    url = models.TextField()
    served_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url

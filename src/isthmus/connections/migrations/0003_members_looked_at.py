from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0002_run_states")]

    operations = [
        migrations.AddField(
            model_name="goal",
            name="read_segment",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="goal",
            name="read_whole_at",
            field=models.DateTimeField(null=True),
        ),
    ]

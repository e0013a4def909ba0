import uuid

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("backups", "0013_backup_ended"),
        ("credentials", "0001_initial"),
        ("devices", "0006_platform_secret_patterns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Day",
            fields=[
                ("date", models.DateField(primary_key=True, serialize=False)),
                (
                    "revision",
                    models.UUIDField(default=uuid.uuid4, help_text="Another one whenever backups of that day change."),
                ),
                ("counts", models.JSONField(default=dict, help_text="By whose devices: [completed, failed, changed].")),
            ],
            options={
                "ordering": ["date"],
            },
        ),
        migrations.AddField(
            model_name="backup",
            name="lines_added",
            field=models.PositiveIntegerField(
                blank=True, help_text="Since the last good one, as the diff counts them. Empty: not counted.", null=True
            ),
        ),
        migrations.AddField(
            model_name="backup",
            name="lines_removed",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="backup",
            index=models.Index(
                condition=models.Q(("changed", True), ("version__gt", 1)),
                fields=["-finished_at"],
                name="backup_changes",
            ),
        ),
        migrations.AddIndex(
            model_name="backup",
            index=models.Index(
                condition=models.Q(("failure_reason", "incomplete"), ("status", "failed")),
                fields=["device", "-finished_at"],
                name="backup_incomplete",
            ),
        ),
    ]

"""Lists of a million backups: jobs of one device name it, and indexes follow the orders of lists."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("backups", "0010_notifications"),
        ("credentials", "0001_initial"),
        ("devices", "0006_platform_secret_patterns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="device",
            field=models.ForeignKey(
                blank=True,
                help_text="The only one that it is about. Empty: there are several, or none.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.device",
            ),
        ),
        migrations.AlterField(
            model_name="backup",
            name="job",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="backups", to="backups.job"
            ),
        ),
        migrations.AddIndex(
            model_name="backup",
            index=models.Index(fields=["job", "position", "id"], name="backup_job_position"),
        ),
        migrations.AddIndex(
            model_name="backup",
            index=models.Index(
                condition=models.Q(("failure_reason", ""), _negated=True),
                fields=["failure_reason", "-created_at", "-id"],
                name="backup_reason_newest",
            ),
        ),
    ]

"""Housekeeping of one kind runs once at a time, whoever starts it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("backups", "0003_log_ins_gateways_workers")]
    operations = [
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("job_type__in", ["verification", "retention", "log_pruning", "orphans"]),
                    ("status__in", ["pending", "running"]),
                ),
                fields=("job_type",),
                name="job_one_active_upkeep_of_a_type",
            ),
        ),
    ]

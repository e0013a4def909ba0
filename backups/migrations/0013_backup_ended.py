from django.db import migrations, models


class Migration(migrations.Migration):
    """What has ended in the last minutes is found without looking at all backups: the metrics count it."""

    dependencies = [
        ("backups", "0012_jobs_of_one_device"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="backup",
            index=models.Index(fields=["finished_at"], name="backup_ended"),
        ),
    ]

"""Jobs of one device say which: jobs made before are looked up once."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def name_devices(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    job, backup = apps.get_model("backups", "Job"), apps.get_model("backups", "Backup")
    devices = backup.objects.filter(job=OuterRef("pk")).order_by().values("device")[:1]
    job.objects.filter(job_type="backup", metadata__devices=1).update(device=Subquery(devices))


class Migration(migrations.Migration):
    dependencies = [("backups", "0011_large_lists")]

    operations = [migrations.RunPython(name_devices, migrations.RunPython.noop)]

"""Reading secrets is a permission of its own: `view_config` alone shows markers in their place."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("backups", "0007_backup_not_before")]
    operations = [
        migrations.AlterModelOptions(
            name="backup",
            options={
                "ordering": ["-created_at"],
                "permissions": [
                    ("run_backup", "Can run backups"),
                    ("view_config", "Can read configurations"),
                    ("view_secrets", "Can read secrets in configurations"),
                    ("accept_backup", "Can accept incomplete configurations"),
                ],
            },
        ),
    ]

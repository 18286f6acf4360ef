"""Settings: what is read, what is refused, and what each refusal says."""

from pathlib import Path

import pytest

from wherry.app import credentials
from wherry.app.settings import Settings, read_settings, settings_template
from wherry.model.errors import SettingsInvalid

GOOD = """
[source]
bundle = "export.zip"

[destination]
base_url = "https://clinic.myfreshworks.com/crm/sales/"
plan = "pro"
"""


def read(tmp_path: Path, text: str = GOOD, **environ: str) -> Settings:
    (tmp_path / "wherry.toml").write_text(text, encoding="utf-8")
    return read_settings(tmp_path, environ)


def refusal(tmp_path: Path, text: str, **environ: str) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as caught:
        read(tmp_path, text, **environ)
    return caught.value


def test_defaults_are_filled_in_and_paths_are_of_the_workspace(tmp_path):
    settings = read(tmp_path)
    assert settings.source.bundle == str(tmp_path / "export.zip")
    assert settings.store.url == f"sqlite:///{tmp_path}/.wherry/store.db"
    assert settings.destination.base_url == "https://clinic.myfreshworks.com/crm/sales"
    assert (settings.engine.workers, settings.engine.batch_size) == (4, 100)
    assert settings.policy.appointments == "split"


@pytest.mark.parametrize(
    ("more", "hourly", "budget", "minute"),
    [
        ("", 2000, 1800, 400),
        ("quota_reserve = 0", 2000, 2000, 400),
        ("calls_per_hour = 100\ncalls_per_minute = 7\nquota_reserve = 0.5", 100, 50, 7),
        ("calls_per_hour = 1\nquota_reserve = 0.9", 1, 1, 400),
    ],
)
def test_the_api_budget_is_the_quota_less_the_reserve(tmp_path, more, hourly, budget, minute):
    destination = read(tmp_path, GOOD + more).destination
    assert (destination.hourly_quota, destination.hourly_budget, destination.minute_budget) == (
        hourly,
        budget,
        minute,
    )


def test_the_environment_overrides_any_setting(tmp_path):
    settings = read(
        tmp_path,
        WHERRY_ENGINE__WORKERS="9",
        WHERRY_DESTINATION__QUOTA_RESERVE="0.25",
        WHERRY_REPORT__SHOW_VALUES="true",
        WHERRY_POLICY__APPOINTMENTS="task",
        WHERRY_SOURCE__BUNDLE="",
        WHERRY_SOURCE__BASE_URL="https://source.example/api",
    )
    assert settings.engine.workers == 9
    assert settings.destination.quota_reserve == 0.25
    assert settings.report.show_values is True
    assert settings.policy.appointments == "task"
    assert (settings.source.bundle, settings.source.base_url) == ("", "https://source.example/api")


def test_a_file_of_the_bundle_can_be_overridden(tmp_path):
    text = GOOD.replace(
        "[destination]", '[source.files."patients.csv"]\ndate_format = "mm/dd/yyyy"\n[destination]'
    )
    assert read(tmp_path, text).source.files["patients.csv"].date_format == "mm/dd/yyyy"


@pytest.mark.parametrize(
    ("before", "after", "line", "says", "hint"),
    [
        ('plan = "pro"', 'plan = "gold"', 7, "plan must be 'free', 'growth', 'pro' or 'enterprise'", "correct"),
        ('plan = "pro"', "", 5, "plan is missing", "WHERRY_DESTINATION__PLAN"),
        ("bundle =", "bundel =", 3, "bundel is not a setting", "did you mean bundle?"),
        ("[source]", "[sauce]", 2, "[sauce] is not a section", "did you mean source?"),
        ('bundle = "export.zip"', 'bundle = ["a"]', 3, "bundle must be a valid string", "correct"),
        ('bundle = "export.zip"', 'bundle = "a"\nbase_url = "https://x.example"', 4, "both bundle and", "exactly one"),
        ('bundle = "export.zip"', "", 2, "neither bundle nor base_url", "exactly one"),
        ("https://clinic.", "clinic.", 6, "base_url is not an address", "https://host/path"),
        ("https://clinic.", "https://me:secret@clinic.", 6, "base_url holds a secret", "environment"),
        ("clinic.myfreshworks", "YOUR-ACCOUNT.myfreshworks", 6, "still the example", "your own account"),
        ('plan = "pro"', 'plan = "pro"\nquota_reserve = 1.5', 8, "quota_reserve must be less than", "correct"),
        ('plan = "pro"', 'plan = "pro"\ncalls_per_hour = "5000"', 8, "calls_per_hour must be a valid integer", "correct"),
        ('plan = "pro"', 'plan = "pro"\n[store]\nurl = "mysql://h/d"', 9, "url is not a store", "postgresql://"),
        ('plan = "pro"', 'plan = "pro"\n[policy]\nappointments = "all"', 9, "appointments must be 'task'", "correct"),
        ('plan = "pro"', 'plan = "pro"\n[source.files]\n"a.csv" = 3', 0, "[source.files] must hold", "patients.csv"),
    ],
)  # fmt: skip
def test_a_refusal_names_file_line_key_and_remedy(tmp_path, before, after, line, says, hint):
    assert before in GOOD
    error = refusal(tmp_path, GOOD.replace(before, after))
    sentences = [error.message, *error.details]
    (sentence,) = [s for s in sentences if says in s]
    assert sentence.startswith(f"{tmp_path / 'wherry.toml'}:{line}: " if line else str(tmp_path))
    assert hint in error.hint or any(hint in d for d in error.details)


@pytest.mark.parametrize(
    ("section", "key", "variable"),
    [
        ("source", "password", "WHERRY_SOURCE__PASSWORD"),
        ("source", "username", "WHERRY_SOURCE__USERNAME"),
        ("destination", "api_key", "WHERRY_DESTINATION__API_KEY"),
        ("destination", "token", "WHERRY_DESTINATION__API_KEY"),
        ("store", "key", "WHERRY_STORE__KEY"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path, section, key, variable):
    text = GOOD if f"[{section}]" in GOOD else f"{GOOD}\n[{section}]"
    error = refusal(tmp_path, text.replace(f"[{section}]", f'[{section}]\n{key} = "s3cr3t"'))
    assert f"{key} is a secret" in error.message
    assert variable in error.hint
    assert "s3cr3t" not in "\n".join([error.message, error.hint, *error.details])


def test_a_secret_in_the_file_is_looked_for_there_even_where_the_environment_holds_it_too(tmp_path):
    text = GOOD.replace("[destination]", '[destination]\napi_key = "s3cr3t"')
    error = refusal(tmp_path, text, WHERRY_DESTINATION__API_KEY="right")
    assert error.message.startswith(f"{tmp_path}/wherry.toml:")


@pytest.mark.parametrize("url", ["postgresql://me:pw@h/d", "postgresql://h/d?user=me&password=pw"])
def test_a_password_in_the_store_url_may_only_come_from_the_environment(tmp_path, url):
    error = refusal(tmp_path, f'{GOOD}\n[store]\nurl = "{url}"')
    assert "url holds a password" in error.message
    settings = read(tmp_path, WHERRY_STORE__URL=url)
    assert settings.store.url == url
    assert "pw" not in repr(settings)


def test_all_problems_are_told_at_once(tmp_path):
    error = refusal(tmp_path, GOOD.replace("plan", "plam").replace("bundle", "bundel"))
    assert len([error.message, *error.details]) >= 4


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("WHERRY_ENGINE__WORKERS", "many", "must be a valid integer"),
        ("WHERRY_ENGINE__WORKERS", "0", "must be greater than or equal to 1"),
        ("WHERRY_DESTINATION__API_KYE", "k", "names no setting"),
        ("WHERRY_SAUCE__BUNDLE", "k", "names no setting"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(tmp_path, name, value, says):
    error = refusal(tmp_path, GOOD, **{name: value})
    assert error.message.startswith(name)
    assert says in error.message


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"[source\n", "is not TOML"), (b"\xff\xfe", "is not UTF-8")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, says):
    (tmp_path / "wherry.toml").write_bytes(content)
    with pytest.raises(SettingsInvalid, match=says):
        read_settings(tmp_path, {})


def test_a_folder_without_settings_is_no_workspace(tmp_path):
    with pytest.raises(SettingsInvalid, match="no workspace") as caught:
        read_settings(tmp_path, {})
    assert "wherry init" in caught.value.hint


def test_secrets_come_from_the_environment_or_a_file_that_it_names(tmp_path):
    (tmp_path / "key").write_text("from-file\n")
    got = read(
        tmp_path, WHERRY_STORE__KEY_FILE=str(tmp_path / "key"), WHERRY_SOURCE__PASSWORD="direct"
    ).credentials
    assert got.get("store.key") == "from-file"
    assert got.get("source.password") == "direct"
    assert "direct" not in repr(got)


@pytest.mark.parametrize("content", [None, b"", b"\xff"])
def test_a_secret_file_that_cannot_be_used_is_named(tmp_path, content):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    got = read(tmp_path, WHERRY_STORE__KEY_FILE=str(path)).credentials
    with pytest.raises(SettingsInvalid, match="WHERRY_STORE__KEY_FILE names"):
        got.get("store.key")


def test_a_keyring_entry_holds_for_one_account_only(tmp_path, monkeypatch):
    import keyring

    asked = []
    monkeypatch.setattr(
        keyring, "get_password", lambda service, entry: asked.append((service, entry)) or "kept"
    )
    assert read(tmp_path).credentials.require("destination.api_key") == "kept"
    assert asked == [(credentials.KEYRING_SERVICE, "destination.api_key clinic.myfreshworks.com")]


def test_a_broken_keyring_is_no_secret_rather_than_a_crash(tmp_path, monkeypatch):
    import keyring

    def broken(service: str, entry: str) -> str:
        raise RuntimeError("no desktop here")

    monkeypatch.setattr(keyring, "get_password", broken)
    got = read(tmp_path).credentials
    assert got.get("destination.api_key") is None
    with pytest.raises(SettingsInvalid) as caught:
        got.require("destination.api_key")
    assert "WHERRY_DESTINATION__API_KEY_FILE" in caught.value.hint


def test_the_template_needs_only_the_account_to_be_named(tmp_path):
    error = refusal(tmp_path, settings_template())
    assert "still the example" in error.message
    assert not error.details
    settings = read(tmp_path, settings_template().replace("YOUR-ACCOUNT", "clinic"))
    assert settings.destination.plan == "enterprise"


def test_every_commented_line_of_the_template_is_a_setting_that_is_understood(tmp_path):
    text = settings_template().replace("YOUR-ACCOUNT", "clinic")
    lines = [
        line.removeprefix("# ")
        if line.startswith("# ") and (" = " in line or line.startswith("# ["))
        else line
        for line in text.splitlines()
        if 'base_url = "https://…"' not in line and "… or" not in line
    ]
    settings = read(tmp_path, "\n".join(lines))
    assert settings.source.files["patients.csv"].encoding == "windows-1252"
    assert settings.destination.calls_per_hour == 5000

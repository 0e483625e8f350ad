"""The `pipit` command as an operator meets it."""

import json
import logging
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipit import __version__, cli, doctor
from pipit.config import Settings, load
from pipit.logs import JsonFormatter
from pipit.store.sqlite import database as sqlite


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever a command writes goes here."""
    monkeypatch.setenv("PIPIT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PIPIT_SERVER_PORT", "0")
    return tmp_path / "data"


def test_the_installed_command_tells_its_version() -> None:
    command = [str(Path(sys.executable).with_name("pipit")), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == f"pipit {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["sevre"], ["serve", "--confg", "x"]])
def test_a_wrong_command_line_exits_2_and_shows_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: pipit")


@pytest.mark.parametrize("command", ["serve", "check-config", "doctor"])
def test_wrong_settings_exit_2_with_one_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pipit.yaml"
    path.write_text("log: {level: loud}\n")
    assert cli.main([command, "--config", str(path)]) == 2
    allowed = "debug or error or info or warning"
    said = f"pipit: {path}: log.level: found loud, allowed: {allowed}\n"
    assert capsys.readouterr().err == said


def test_check_config_changes_nothing(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check-config"]) == 0
    assert "settings are valid" in capsys.readouterr().out
    assert not data_folder.exists()


def test_the_settings_file_can_be_named_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIPIT_CONFIG", str(tmp_path / "none.yaml"))
    assert cli.main(["check-config"]) == 2
    assert "none.yaml: cannot be read" in capsys.readouterr().err


def test_doctor_finds_a_new_installation_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.html").touch()
    monkeypatch.setenv("PIPIT_SERVER_WEB_ROOT", str(tmp_path))
    assert cli.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(doctor.CHECKS)
    assert not [line for line in lines if line.startswith("FAIL")]


def test_doctor_fails_where_the_data_folder_cannot_be_written(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_folder.write_text("a file in its place")
    assert cli.main(["doctor"]) == 1
    assert f"FAIL  data folder {data_folder}" in capsys.readouterr().out


def test_doctor_reads_the_database_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pipit.db"
    settings = load(None, {"PIPIT_DATABASE_PATH": str(path)})
    assert "will be made" in doctor.database(settings).text
    assert not path.exists()
    sqlite.open_for_writing(path).close()
    content = path.read_bytes()
    assert doctor.database(settings).level == "ok"
    assert path.read_bytes() == content


def test_doctor_fails_on_a_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "pipit.db"
    path.write_bytes(b"no database at all" * 1000)
    finding = doctor.database(load(None, {"PIPIT_DATABASE_PATH": str(path)}))
    assert finding.level == "FAIL"
    assert str(path) in finding.text


def test_doctor_tells_that_a_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finding = doctor.listening(load(None, {"PIPIT_SERVER_PORT": str(port)}))
    assert finding.level == "warn"
    assert f"port {port} on 127.0.0.1: in use" in finding.text


def test_doctor_misses_the_web_app() -> None:
    settings = load(None, {"PIPIT_SERVER_WEB_ROOT": "/nowhere"})
    assert doctor.web_app(settings).level == "warn"


def test_doctor_does_not_trust_a_clock_years_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.clock(Settings()).level == "ok"
    monkeypatch.setattr(doctor, "BUILT", datetime.max.replace(tzinfo=UTC))
    assert doctor.clock(Settings()).level == "FAIL"


def test_a_json_log_line_is_one_object_with_its_error() -> None:
    try:
        raise ValueError("broken\npipe")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("pipit.x", logging.ERROR, "", 0, "lost %s", ("a\nb",), error)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["message"]) == ("error", "pipit.x", "lost a\nb")
    assert "ValueError: broken" in entry["error"]

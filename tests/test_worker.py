"""The worker and the command as processes of their own: events, cancel, exit status, what they leave."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from auvae.numerics.threads import usable_processors

_COUNT_KEYS = {"schema", "id", "scene", "bands", "seed", "device", "selection"}
posix_only = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")


def events_of(output):
    return [json.loads(line) for line in output.splitlines()]


def ended(worker):
    """Exit status, stdout and stderr of a worker whose stdin stays open: to close it is to cancel."""
    output, errors = worker.stdout.read(), worker.stderr.read()
    return worker.wait(10), output, errors


def until_training(worker):
    for line in worker.stdout:
        if json.loads(line).get("stage") == "training":
            return
    raise AssertionError(worker.stderr.read().decode())


def wait_gone(folder, seconds):
    end = time.monotonic() + seconds
    while any(folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(folder.iterdir())


def test_a_worker_says_hello_reports_progress_and_ends_with_the_result(start_worker, job, simulated):
    status, output, _ = ended(start_worker(job(simulated)))
    events = events_of(output)
    assert status == 0
    assert events[0]["event"] == "hello"
    assert {"auvae", "python", "torch", "device", "device_name"} <= set(events[0])
    assert events[-1]["event"] == "result"
    assert {event["event"] for event in events} <= {"hello", "scene", "progress", "message", "result"}


def test_nothing_but_events_reaches_stdout(start_worker, job, simulated, tmp_path, environment):
    # A library that prints when it is imported, to Python's stdout and to the file descriptor itself.
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "safetensors.py").write_text(
        "import os\nprint('loud')\nos.write(1, b'louder\\n')\nraise ImportError"
    )
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "noise"), environment["PYTHONPATH"]])
    _, output, errors = ended(start_worker(job(simulated)))
    assert b"loud" in errors
    assert b"louder" in errors
    assert [event["event"] for event in events_of(output)] == ["error"]


def test_cancel_while_training_stops_within_two_seconds_and_leaves_nothing(
    start_worker, job, simulated, tmp_path, left_behind
):
    worker = start_worker(job(simulated, quality="high"))
    until_training(worker)
    assert left_behind(tmp_path) == [".result.partial-0123456789abcdef"]
    worker.stdin.close()
    asked = time.monotonic()
    status = worker.wait(10)
    assert time.monotonic() - asked < 2
    assert status == 130
    assert left_behind(tmp_path) == []
    last = worker.stdout.read().splitlines()[-1]
    assert json.loads(last)["kind"] == "cancelled"


def test_cancel_before_the_job_was_sent_ends_the_worker(environment):
    command = [sys.executable, "-m", "auvae", "worker"]
    worker = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=30, check=False
    )
    assert worker.returncode == 130
    assert events_of(worker.stdout)[-1]["kind"] == "cancelled"


def test_work_that_does_not_listen_is_ended_all_the_same_and_swept_up(
    job, simulated, tmp_path, left_behind, environment
):
    deaf = (
        "import sys, time, auvae.tasks.train as learning\n"
        "def train(patches, options, report, start):\n"
        "    print('deaf', file=sys.stderr, flush=True)\n"
        "    time.sleep(60)\n"
        "learning.train = train\n"
        "from auvae.worker.process import main\n"
        "sys.exit(main())\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", deaf],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    )  # fmt: skip
    try:
        worker.stdin.write(json.dumps(job(simulated)).encode() + b"\n")
        worker.stdin.flush()
        for line in worker.stderr:
            if line.strip() == b"deaf":
                break
        assert left_behind(tmp_path) == [".result.partial-0123456789abcdef"]
        worker.stdin.close()
        asked = time.monotonic()
        assert worker.wait(10) == 130
        assert time.monotonic() - asked < 2
        assert left_behind(tmp_path) == []
    finally:
        worker.kill()


@posix_only
def test_terminate_is_a_cancel_too(start_worker, job, simulated, tmp_path, left_behind):
    worker = start_worker(job(simulated, quality="high"))
    until_training(worker)
    worker.terminate()
    assert worker.wait(3) == 130
    assert left_behind(tmp_path) == []


@posix_only
def test_a_worker_dies_with_the_program_that_started_it(job, simulated, tmp_path, environment):
    results = tmp_path / "results"
    results.mkdir()
    document = json.dumps(job(simulated, quality="high", output=str(results / "result")))
    # The parent hands its pipe on to the worker itself, so that killing it does not end the worker's stdin.
    program = (
        "import os, subprocess, sys\n"
        "read, write = os.pipe()\n"
        f"os.write(write, {(document + chr(10)).encode()!r})\n"
        "command = [sys.executable, '-m', 'auvae', 'worker']\n"
        "subprocess.run(command, stdin=read, pass_fds=[write], start_new_session=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment)
    try:
        until_training(parent)
        assert any(results.iterdir())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert wait_gone(results, 4)
    finally:
        parent.kill()


@pytest.mark.parametrize("line", ["not json", "[1, 2]", '{"schema": 1}'])
def test_a_line_that_is_no_job_is_an_error_of_kind_job(start_worker, line):
    status, output, _ = ended(start_worker(line))
    assert status == 1
    assert events_of(output)[-1]["kind"] == "job"


def test_a_python_without_torch_is_told_what_to_do(start_worker, job, simulated, tmp_path, environment):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    status, output, _ = ended(start_worker(job(simulated)))
    assert status == 1
    event = events_of(output)[-1]
    assert event["kind"] == "environment"
    assert "cannot load torch" in event["text"]


def test_a_defect_is_an_internal_error_with_its_traceback_in_the_log(job, simulated, environment):
    defect = (
        "import sys, auvae.tasks.train as learning\n"
        "def train(patches, options, report, start):\n"
        "    raise ZeroDivisionError('oh')\n"
        "learning.train = train\n"
        "from auvae.worker.process import main\n"
        "sys.exit(main())\n"
    )
    line = json.dumps(job(simulated)) + "\n"
    with subprocess.Popen(
        [sys.executable, "-c", defect],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as worker:  # fmt: skip
        worker.stdin.write(line)
        worker.stdin.flush()
        last = events_of(worker.stdout.read())[-1]
        assert last["kind"] == "internal"
        assert "ZeroDivisionError: oh" in last["text"]
        assert "Traceback" in worker.stderr.read()
    assert worker.returncode == 1


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (RuntimeError("CUDA error: an illegal memory access\nmore lines"), "device", "graphics card failed"),
        (MemoryError(), "device", "not enough memory"),
        (RuntimeError("could not create a primitive"), "device", "not enough memory"),
        (ValueError("one\ntwo"), "internal", "(ValueError: one)"),
    ],
)
def test_what_torch_and_the_system_say_becomes_one_sentence(said, kind, words):
    import auvae.network.trainer  # noqa: F401 (what memory errors look like)
    from auvae.worker.process import explained

    error = explained(said)
    assert error.kind == kind
    assert words in error.text
    assert "\n" not in error.text


def test_of_two_runs_that_start_at_once_into_one_folder_one_gives_way(
    start_worker, job, simulated, tmp_path, left_behind
):
    workers = [start_worker(job(simulated, id=f"{number}abc", seed=number)) for number in (1, 2)]
    lasts = [events_of(ended(worker)[1])[-1] for worker in workers]
    assert sorted(last["event"] for last in lasts) == ["error", "result"]
    [refused] = [last for last in lasts if last["event"] == "error"]
    assert "Another run" in refused["text"]
    assert left_behind(tmp_path) == ["result"]


# ---- the command


def test_the_command_unmixes_and_prints_where_the_result_is(auvae, simulated, tmp_path):
    run = auvae(
        "unmix",
        simulated,
        "--endmembers",
        3,
        "--quality",
        "draft",
        "--device",
        "cpu",
        "--output",
        tmp_path / "r",
    )
    assert run.returncode == 0, run.stderr
    assert f"Result: {tmp_path / 'r'}" in run.stdout
    assert (tmp_path / "r" / "report.html").exists()
    scored = auvae("score", simulated.with_name("scene_truth.npz"), tmp_path / "r")
    assert scored.returncode == 0, scored.stderr
    assert set(json.loads(scored.stdout)) == {"mSAD", "mRMSE", "mRMSE_scaled", "SAD", "RMSE"}


def test_the_command_prints_events_with_json(auvae, simulated, tmp_path):
    run = auvae(
        "unmix",
        simulated,
        "--endmembers",
        3,
        "--quality",
        "draft",
        "--bands",
        "2-9,12",
        "--output",
        tmp_path / "r",
        "--json",
    )
    events = events_of(run.stdout)
    assert (events[0]["event"], events[-1]["event"]) == ("hello", "result")
    document = json.loads((tmp_path / "r" / "result.json").read_text(encoding="utf-8"))
    assert document["options"]["bands"] == [2, 3, 4, 5, 6, 7, 8, 9, 12]
    # OMP_NUM_THREADS says one, of however many processors there are
    assert re.fullmatch(
        r"Computing on 1 thread of \d+ processors?; training on 1 thread\.", events[1]["text"]
    )
    threads = document["threads"]
    assert (threads["mapping"], threads["training"]) == (1, 1)
    assert f"of {threads['processors']} processor" in events[1]["text"]


@pytest.mark.parametrize(
    ("said", "expected"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 64)]
)
def test_a_container_is_not_given_more_threads_than_it_may_use(said, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(64)), raising=False)
    (tmp_path / "cpu.max").write_text(said + "\n", encoding="ascii")
    assert usable_processors(tmp_path / "cpu.max") == expected


@pytest.mark.skipif(not torch.__version__.startswith("2.13."), reason="done with torch 2.13 alone")
@pytest.mark.skipif("+cpu" not in torch.__version__, reason="done with torch for a processor alone")
def test_what_torch_loads_for_its_compiler_waits_until_it_is_asked_for(environment):
    program = (
        "import sys\nfrom auvae.worker.quick_torch import load_torch\nload_torch()\n"
        "postponed = {'torch._meta_registrations', 'torch.export'}\n"
        "print(bool(postponed & sys.modules.keys()))\n"
        "import torch, torch._dynamo\n"
        "print(postponed <= sys.modules.keys(), callable(torch.export.export))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert run.stdout.splitlines() == ["False", "True True"], run.stderr


def test_the_command_says_in_one_line_what_is_wrong_and_exits_1(auvae, tmp_path):
    run = auvae("unmix", tmp_path / "absent.img", "--endmembers", 3, "--output", tmp_path / "r")
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.splitlines()[-1] == (
        f"auvae: There is no file {tmp_path / 'absent.img'}. Check the path of the raster."
    )
    assert "Traceback" not in run.stderr
    wrong = auvae("unmix", __file__, "--endmembers", 3, "--bands", "1-x", "--output", tmp_path / "r")
    assert (wrong.returncode, wrong.stderr) == (
        1,
        "auvae: '1-x' is no band number. Give numbers such as 1-50,60.\n",
    )


@pytest.mark.parametrize("asked", [["--help"], ["unmix", "absent.img", "--endmembers", "3", "--output", "r"]])
def test_help_and_a_scene_that_is_not_there_do_not_wait_for_torch(asked, tmp_path, environment):
    command = [sys.executable, "-X", "importtime", "-m", "auvae", *asked]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "auvae.command.main" in loaded
    assert not loaded & {"torch", "rasterio", "numpy.linalg"}


@posix_only
def test_control_c_cancels_the_command_and_leaves_nothing(simulated, tmp_path, left_behind, environment):
    command = [
        sys.executable,
        "-m",
        "auvae",
        "unmix",
        str(simulated),
        "--endmembers",
        "3",
        "--quality",
        "high",
        "--json",
    ]
    running = subprocess.Popen(
        [*command, "--output", str(tmp_path / "r")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    try:
        until_training(running)
        running.send_signal(signal.SIGINT)
        assert running.wait(5) == 130
        assert left_behind(tmp_path) == []
    finally:
        running.kill()


def test_the_command_simulates_a_scene(auvae, tmp_path):
    run = auvae("simulate", tmp_path / "s.tif", "--endmembers", 2, "--rows", 20, "--cols", 24, "--bands", 30)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "s.tif").exists()
    assert (tmp_path / "s_truth.npz").exists()
    refused = auvae("simulate", tmp_path / "s.tif", "--endmembers", 99)
    assert (refused.returncode, refused.stderr) == (
        1, "auvae: Endmembers is 99. Give a number from 2 to 30.\n",
    )  # fmt: skip


def test_a_kept_worker_does_job_after_job_and_leaves_when_stdin_ends(job, simulated, tmp_path, environment):
    worker = subprocess.Popen(
        [sys.executable, "-m", "auvae", "worker", "--keep"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
    )  # fmt: skip
    count = {name: value for name, value in job(simulated).items() if name in _COUNT_KEYS}
    try:
        for report in ("first.html", "second.html"):
            document = {**count, "task": "count", "report": str(tmp_path / report)}
            worker.stdin.write(json.dumps(document).encode() + b"\n")
            worker.stdin.flush()
            kinds = []
            while "result" not in kinds:
                kinds.append(json.loads(worker.stdout.readline())["event"])
            assert kinds[0] == "hello"
            assert (tmp_path / report).is_file()
        worker.stdin.close()
        assert worker.wait(3) == 0
    finally:
        worker.kill()
        worker.wait()
        worker.stdout.close()

"""What people bring along: options of other projects, underscores, `| head`, completion by tab, values behind flags."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from viceversa.cli import COMMANDS, main
from viceversa.recipes import RECIPES

PROGRAM = Path(sys.executable).parent / "viceversa"
LIGHT = {
    "recipes": 0, "train --help": 0, "tune --help": 0, "train": 2, "train --data photos": 2, "train cyclegn": 2, "tune cyclegn": 2,
    "train cyclegn --help": 2, "trian": 2, "-V": 0, "--version": 0, "recipes --help": 0,
}  # fmt: skip
"""Commands that need no PyTorch, and their exit codes."""


@pytest.mark.parametrize("line", LIGHT)
def test_what_needs_no_network_imports_none_and_takes_a_third_of_a_second(line: str) -> None:
    """Of processor time, twice of which is allowed: a busy machine is no reason to fail."""
    program = "import sys\nfrom viceversa.cli import main\ntry: main(sys.argv[1:])\nfinally: print(*sys.modules)"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", program, *line.split()], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == LIGHT[line], done.stderr
    modules = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "viceversa" in modules and not modules & {"torch", "accelerate", "numpy", "PIL", "matplotlib"}
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.7


def complaint(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line with which a mistake is refused."""
    with pytest.raises(SystemExit) as stop:
        main(line.split())
    said = capsys.readouterr()
    assert (stop.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    return said.err


PEERS = {
    "train cyclegan --lr 1e-4": "--method.learning-rate",
    "train stargan --g_lr 1e-4": "--method.learning-rate.",
    "train stargan --d_lr 1e-4": "--method.critic-learning-rate.",
    "train better-cycles --d_lr 1e-4": "--method.cyclegan.critic-learning-rate.",
    "train discogan --d_lr 1e-4": "--method.learning-rate.",
    "train better-cycles --lr=1e-4": "--method.cyclegan.learning-rate",
    "train cyclegan --batch_size 4": "--batch.",
    "train cyclegan --batch-size=4": "--batch.",
    "train --n_epochs 4": "--epochs",
    "train stargan --num_iters 4": "--steps",
    "train cyclegan --dataroot photos": "--data",
    "train --dataroot photos cyclegan": "--data",
    "train cyclegan --name mine": "--out",
    "train cyclegan --checkpoints_dir mine": "--out",
    "train cyclegan --load_size 286": "--training.resize-to",
    "train cyclegan --crop_size 256": "--size",
    "train stargan --image_size 128": "--size",
    "train stargan --resume_iters 200000": "--resume",
    "train cyclegan --continue_train": "--resume",
    "train stargan --n_critic 5": "--method.critic-steps",
    "train stargan --selected_attrs Male": "--attributes",
    "train cyclegan --lambda_A 10": "--method.cycle.",
    "train cyclegan --lambda_identity 0": "--method.identity",
    "train cyclegan --ngf 32": "--method.width",
    "train cyclegan --gpu 0": "CUDA_VISIBLE_DEVICES=0",
    "train cyclegan --gpu_ids=0,1": "CUDA_VISIBLE_DEVICES=0,1",
    "train cyclegan --gpu_ids -1": "CUDA_VISIBLE_DEVICES=-1",
    "translate run face.png --gpu 2": "CUDA_VISIBLE_DEVICES=2",
    "train cyclegan --num_workers 8": "no workers to count",
    "train cyclegan --num_threads 8": "no workers to count",
    "train cyclegan --no_flip": "--training.flip",
    "train cyclegan --input_nc 3": "the data says",
    "evaluate run --out o --num_test 50": "--samples",
    "translate run face.png --results_dir o": "--out",
    "translate run face.png --epoch latest": "--checkpoint",
}


@pytest.mark.parametrize("line", PEERS)
def test_an_option_of_another_project_is_answered_with_ours_or_with_the_reason(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    option = next(part for part in line.split() if part.startswith("--") and part != "--out")
    said = complaint(line, capsys)
    assert f"unrecognized option {option}. " in said and PEERS[line] in said, said


NEAR = {
    "train stargan --metod.width 3": "Did you mean --method.width?",
    "train stargan --width 3": "Did you mean --method.width?",
    "train stargan --labeler": "Did you mean --training.labeller?",
    "train stargan --sede 3": "Did you mean --seed?",
    "train stargan --training.checkpoint_evry 3": "Did you mean --training.checkpoint-every?",
    "tune stargan --trails 3": "Did you mean --trials?",
    "translate run face.png --streng 2": "Did you mean --strength?",
    "stylize a.png b.png --evaluation 2": "Did you mean --evaluations?",
    "train stargan nonsense": "unrecognized argument nonsense. See",
    "train stargan --zzz": "unrecognized option --zzz. See",
    "train stargan --training.flip True": "--training.flip takes no value: write --training.flip or --training.no-flip.",
    "train stargan --training.labeller=False": "write --training.labeller or --training.no-labeller.",
}


@pytest.mark.parametrize("line", NEAR)
def test_an_unknown_option_suggests_the_nearest_and_nothing_where_nothing_is_near(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert NEAR[line] in complaint(line, capsys)


def test_underscores_are_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint("train stargan --training.checkpoint_every 0 --method.critic_width 4 --init_only a", capsys)
    assert "--training.checkpoint-every 0" in said


def shown(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[name] for name in COMMANDS] + [["train", name] for name in RECIPES], ids=" ".join)
def test_no_option_that_turns_something_off_is_described_as_if_it_turned_it_on(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An option with `no-` stands behind its positive, whose phrase it is: `--x, --no-x  do it`."""
    first = re.findall(r"^[│ ] (--[^\s,]+)", shown(arguments, capsys), re.M)
    assert not [option for option in first if option.rpartition(".")[2].removeprefix("--").startswith("no-")]


def test_both_options_of_a_switch_are_taken_whatever_its_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for options in ("--training.no-labeller --method.no-identity --training.flip", "--training.labeller --training.no-flip"):
        said = complaint(f"train cut {options} --out {tmp_path / 'file'}", capsys)
        assert "is a file" in said


@pytest.mark.parametrize("line", ["--help", "recipes", "train --help", "train cyclegn"])
def test_a_reader_that_leaves_is_no_mistake(line: str) -> None:
    """Its pipe is closed before a word is written, as `| head` may do in the middle."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([PROGRAM, *line.split()], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
        alike = subprocess.run([PROGRAM, *line.split()], stdout=writing, stderr=writing, check=False)
    finally:
        os.close(writing)
    wrong = line.endswith("cyclegn")
    assert (done.returncode, bool(done.stderr)) == ((2, True) if wrong else (141, False)), done.stderr
    assert "Broken pipe" not in done.stderr and alike.returncode == 141


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script for bash."""
    path = tmp_path_factory.mktemp("completion") / "viceversa.bash"
    with path.open("w") as file, contextlib.redirect_stdout(file), pytest.raises(SystemExit) as stop:
        main(["--tyro-print-completion", "bash"])
    assert not stop.value.code
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="bash")
@pytest.mark.parametrize(
    ("line", "some", "none"),
    [
        ("viceversa tra", {"train", "translate"}, {"tune"}),
        ("viceversa train mul", {"multicyclic", "multicyclic-celeba"}, {"stargan"}),
        ("viceversa train cut --method.no", {"--method.no-identity"}, {"--method.identity"}),
        ("viceversa tune stargan --tr", {"--trials", "--training.steps"}, {"--out"}),
        ("viceversa translate --s", {"--strength", "--skip-bad"}, {"--out"}),
        ("viceversa train stargan --training.precision ", {"fp32", "bf16"}, {"--out"}),
    ],
)
def test_bash_completes_commands_recipes_and_options(script: Path, line: str, some: set[str], none: set[str]) -> None:
    assert not subprocess.run(["bash", "-n", script], capture_output=True, check=True).stderr
    words = line.split(" ")
    program = """source "$1"; shift
    complete -p viceversa >/dev/null || exit 1
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _tyro_viceversa; printf '%s\\n' "${COMPREPLY[@]}" """
    done = subprocess.run(["bash", "-c", program, "bash", script, *words], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert some <= found and not none & found


@pytest.mark.parametrize("line", ["--tyro-print-completion", "--tyro-print-completion tcsh", "--tyro-write-completion bash"])
def test_a_script_for_no_shell_is_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "give only a shell (bash, zsh, fish)" in complaint(line, capsys)

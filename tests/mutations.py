"""Check the checks: faults that the tests must find. A test run that is made faster must still find all of them.

    python tests/mutations.py        all faults
    python tests/mutations.py 3 14   these two

Each fault is one change of a copy of `src`; the tests named with it run on that copy until the first one fails. Prints whether each
fault is caught, and exits with 1 if one is not. Run it on a tree whose tests pass. It takes about ten minutes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Mutation:
    """A fault: in `file`, below src/viceversa, `old` occurs once and becomes `new`. caught_by: test files, below tests."""

    what: str
    file: str
    old: str
    new: str
    caught_by: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "the weights of further cycles are in the wrong order",
        "losses/multicycle.py",
        "enumerate(extra, start=1)",
        "enumerate(extra[::-1], start=1)",
        ("losses/test_multicycle.py",),
    ),
    Mutation(
        "gradients pass a cut link",
        "core/journey.py",
        "return self.image(path[:-1], graph).detach()",
        "return self.image(path[:-1], graph)",
        ("core/test_journey.py", "losses/test_multicycle.py"),
    ),
    Mutation(
        "the Gram matrix is not divided by the number of places",
        "losses/style.py",
        "return rows @ rows.transpose(1, 2) / rows.shape[2]",
        "return rows @ rows.transpose(1, 2)",
        ("style/test_style.py",),
    ),
    Mutation(
        "a phase leaves gradients in networks that it does not train",
        "training/step.py",
        "network.requires_grad_(name in phase.learns)",
        "network.requires_grad_(True)",
        ("contracts/test_step.py",),
    ),
    Mutation(
        "a resumed training starts with an empty image pool",
        "training/checkpoints.py",
        "for name, memory in trainee.method.memory.items():",
        "for name, memory in ():",
        ("training/test_resume.py",),
    ),
    Mutation(
        "a signal ends a training without a checkpoint",
        "training/trainer.py",
        "if self._saved != self.step:",
        "if self._saved != self.step and not told:",
        ("training/test_interrupt.py",),
    ),
    Mutation(
        "two processes may train in one folder",
        "runs/folder.py",
        "        lock.acquire()\n",
        "        pass\n",
        ("runs/test_folder.py",),
    ),
    Mutation(
        "label columns of a run are taken by their position, not by name",
        "training/initializing.py",
        "rest + each * after.index(name)",
        "rest + each * place",
        ("training/test_initializing.py",),
    ),
    Mutation(
        "the spaces of an imported CycleGAN are exchanged",
        "training/importing.py",
        'into = {"A": spaces[1], "B": spaces[0]}',
        'into = {"A": spaces[0], "B": spaces[1]}',
        ("training/test_importing.py",),
    ),
    Mutation(
        "an evaluation omits a translation of each chain",
        "metrics/chain_protocol.py",
        "            if number > 1:\n",
        "            if number > 2:\n",
        ("metrics/test_chain_protocol.py",),
    ),
    Mutation(
        "the Frechet distance lacks a factor of 2",
        "metrics/distances.py",
        "traces - 2 * values.clamp(min=0)",
        "traces - values.clamp(min=0)",
        ("metrics/test_distances.py",),
    ),
    Mutation(
        "transparent colors are rounded down",
        "images/decoding.py",
        "(light + through + full // 2) // full",
        "(light + through) // full",
        ("images/test_decoding.py",),
    ),
    Mutation(
        "the validation images of a folder are trained on",
        "data/files/folders.py",
        '"train": ordered[2 * tenth :]',
        '"train": ordered[tenth:]',
        ("data/files/test_folders.py",),
    ),
    Mutation(
        "a divided set has the true edits of the images' own labels",
        "data/divided_by_attribute.py",
        "torch.tensor(value).expand_as(values) if attribute == found.attribute else values",
        "values",
        ("data/test_divided_by_attribute.py",),
    ),
    Mutation(
        "images of odd sizes are padded with their border, not with a reflection",
        "inference/full_size.py",
        'mode="reflect"',
        'mode="edge"',
        ("inference/test_tiles.py",),
    ),
    Mutation(
        "a mask of what stays is taken as a mask of what may change",
        "inference/masks.py",
        "1 - found if self.outside else found",
        "found",
        ("inference/test_masks.py", "cli/test_full_size.py"),
    ),
    Mutation(
        "a smoothed clip keeps what is no longer visible",
        "video/smoothing.py",
        "motion.seen_earlier[..., None].astype(np.float32) * share",
        "np.ones_like(motion.seen_earlier[..., None], np.float32) * share",
        ("video/test_consistency.py",),
    ),
    Mutation(
        "a search shows the worst trials as the best ones",
        "tuning/findings.py",
        'reverse=self.objective.better == "maximize"',
        'reverse=self.objective.better == "minimize"',
        ("tuning/test_tuning.py", "cli/test_tune.py"),
    ),
    Mutation(
        "a mistake of the user exits with 1 instead of 2",
        "cli/__init__.py",
        "return _complaint(in_flags(str(error)), 2)",
        "return _complaint(in_flags(str(error)), 1)",
        ("cli/test_wrong_use.py",),
    ),
    Mutation(
        "a short option loses its value",
        "cli/parsing.py",
        "return SHORT.get(name, name) + equals + value",
        "return SHORT.get(name, name)",
        ("cli/test_tune.py", "tuning/test_tuning.py"),
    ),
    Mutation(
        "norms subtract the label inside the residual U-Net",
        "networks/resunet.py",
        "F.silu(self.condition(with_planes(self.norm(hidden), label)))",
        "self.condition(with_planes(hidden, label))",
        ("networks/test_networks.py",),
    ),
    Mutation(
        "StarGAN's discriminator ignores its number of layers",
        "methods/stargan.py",
        "layers=layers, slope=slope",
        "layers=0, slope=slope",
        ("methods/test_stargan_critic.py",),
    ),
    Mutation(
        "what is low and what is high is mixed up beside the cut-off",
        "multiturn/measures.py",
        "coefficients[radius < CUTOFF]",
        "coefficients[radius < 2 * CUTOFF]",
        ("multiturn/test_measures.py",),
    ),
    Mutation(
        "a later turn is compared with the turn before the one before",
        "multiturn/measuring.py",
        'found["previous"] = views[number - 1]',
        'found["previous"] = views[max(number - 2, 0)] if number - 2 in views else views[0]',
        ("multiturn/test_drift.py",),
    ),
    Mutation(
        "a composed edit starts from the turn before",
        "multiturn/protocols.py",
        'return 0 if protocol == "composed" else turn - 1',
        "return turn - 1",
        ("multiturn/test_protocols.py",),
    ),
    Mutation(
        "an image that is there already is made again",
        "multiturn/making.py",
        "if not file.exists():\n                before",
        "if True:\n                before",
        ("multiturn/test_protocols.py",),
    ),
    Mutation(
        "success forgets the turns before",
        "multiturn/curves.py",
        "turn.right and (number == 1 or table[row, number - 2])",
        "turn.right",
        ("multiturn/test_curves.py",),
    ),
    Mutation(
        "the penalty of generated images is of their sources",
        "losses/penalties.py",
        "made, domain = journey.translated, journey.entered(journey.target)",
        "made, domain = journey.start, journey.departure",
        ("losses/test_gan_settings.py",),
    ),
    Mutation(
        "real and generated scores are paired with a shift",
        "losses/gan.py",
        "return F.softplus(fake - real).mean()",
        "return F.softplus(fake - real.roll(1, 0)).mean()",
        ("losses/test_gan.py",),
    ),
    Mutation(
        "an identity in two splits is not noticed",
        "data/files/checks.py",
        "are in more than one split, {told}",
        "{told}",
        ("data/files/test_identity.py",),
    ),
    Mutation(
        "an image's translation depends on how many are beside it",
        "inference/batches.py",
        "torch.arange(first, first + size).clamp(max=count - 1)",
        "torch.arange(first, min(first + size, count))",
        ("inference/test_batches.py",),
    ),
    Mutation(
        "what is done ahead comes out of order",
        "pipeline.py",
        "yield waiting.popleft().result()\n        while",
        "yield waiting.pop().result()\n        while",
        ("test_pipeline.py",),
    ),
    Mutation(
        "work in threads leaves PyTorch with one thread",
        "pipeline.py",
        "torch.set_num_threads(threads)  # what",
        "pass  # what",
        ("test_pipeline.py",),
    ),
    Mutation(
        "the teacher of an on-policy chain is the translator itself",
        "losses/on_policy.py",
        "return self.average(image, source, target)",
        "return self.translator(image, source, target)",
        ("losses/test_cheaper_chains.py",),
    ),
    Mutation(
        "a resumed teacher begins anew",
        "losses/on_policy.py",
        "self.average.load_state_dict(weights)",
        "pass",
        ("training/test_resume.py",),
    ),
    Mutation(
        "likeness takes dark on light for light on dark everywhere",
        "losses/likeness.py",
        "if journey.source.space in self.unsigned else likeness",
        "if True else likeness",
        ("losses/test_likeness.py",),
    ),
    Mutation(
        "a dry run counts each kind of step alike",
        "training/probe.py",
        "operations=sum(kind.share * each",
        "operations=sum(each / len(kinds)",
        ("training/test_probe.py",),
    ),
)


def caught(mutation: Mutation) -> bool:
    """Whether one of the tests fails on the faulty copy. Raises ValueError if the old text does not occur exactly once."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src", copy := Path(folder) / "src", ignore=shutil.ignore_patterns("__pycache__"))
        file = copy / "viceversa" / mutation.file
        if (count := file.read_text().count(mutation.old)) != 1:
            raise ValueError(f"{mutation.file} has {mutation.old!r} {count} times, not once")
        file.write_text(file.read_text().replace(mutation.old, mutation.new))
        tests = [str(ROOT / "tests" / each) for each in mutation.caught_by]
        command = [sys.executable, "-m", "pytest", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        print(done.stdout[-2000:], done.stderr[-2000:], sep="\n")
    return done.returncode == 1


def main(numbers: list[str]) -> int:
    """The number of faults that were not caught, at most 1."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where it is ignored, no test of an interrupt can pass
    missed = 0
    for number, mutation in enumerate(MUTATIONS, 1):
        if numbers and str(number) not in numbers:
            continue
        start = time.monotonic()
        found = caught(mutation)
        missed += not found
        verdict = "caught" if found else "NOT caught"
        print(f"{number:2} {verdict:10} {time.monotonic() - start:5.0f} s  {mutation.file}: {mutation.what}", flush=True)
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Import weights of the reference projects yunjey/stargan and junyanz/pytorch-CycleGAN-and-pix2pix as runs.

Their files contain only state dicts. A network is recognized by its keys and shapes. The user gives what these do not tell: the
meaning of the label columns, the names of the spaces, and the size of the training images. Files are read as data only: code in
them is never run.

Both projects translate in train mode, where instance norm uses the statistics of the current image. The running statistics in
StarGAN's files therefore have no effect, and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from viceversa.core.method import Method
from viceversa.core.space import AnyAttribute, ImageSpec, Space
from viceversa.errors import UsageError, quoted
from viceversa.files import readable, vacant
from viceversa.methods import cyclegan, stargan
from viceversa.recipes.settings import Recipe, Training
from viceversa.runs.record import Record, write_record
from viceversa.training.checkpoints import save_checkpoint
from viceversa.training.step import Trainee

StateDict = Mapping[str, Tensor]
Project = Literal["stargan", "cyclegan"]
_PREFIXES = ("module.", "_orig_mod.")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
TRAINING = Training(average=0, labeller=False)
"""Recorded settings of the external training: no averages, and no labeller."""
ROLES: Mapping[str, str] = {"G_A": "generator", "G_B": "generator", "D_A": "discriminator", "D_B": "discriminator"}
"""CycleGAN's networks, by their names in the reference's files."""


@dataclass(frozen=True)
class NamesOfWeights:
    """Names of weights in a reference network.

    Args:
        kind: generator or discriminator.
        repeated: pattern of the keys that occur once per residual block, or once per convolution of a discriminator.
        first: module of its first convolution.
        last: function from the depth to the module of its last convolution.
        names: function from the depth to a mapping from modules here to modules there.
        fewer: number of matching keys that do not count as depth.
    """

    kind: Literal["generator", "discriminator"]
    repeated: str
    first: str
    last: Callable[[int], str]
    names: Callable[[int], dict[str, str]]
    fewer: int = 0


def _stargan_generator(blocks: int) -> dict[str, str]:
    names = {f"layers.{number}.{part}": f"main.{3 * number + part}" for number in range(3) for part in (0, 1)}
    for number in range(3, 3 + blocks):
        parts = {"0.0": 0, "0.1": 1, "1": 3, "2": 4}
        names |= {f"layers.{number}.body.{ours}": f"main.{6 + number}.main.{theirs}" for ours, theirs in parts.items()}
    after = 9 + blocks
    names |= {f"layers.{3 + blocks + number}.{part}": f"main.{after + 3 * number + part}" for number in (0, 1) for part in (0, 1)}
    return names | {f"layers.{5 + blocks}.0": f"main.{after + 6}"}


def _stargan_discriminator(layers: int) -> dict[str, str]:
    return {f"trunk.{number}.0": f"main.{2 * number}" for number in range(layers)} | {"score": "conv1", "classes": "conv2"}


def _cyclegan_generator(blocks: int) -> dict[str, str]:
    names = {"0.1": "model.1", "1.0": "model.4", "2.0": "model.7"}
    for number in range(3, 3 + blocks):
        names |= {f"{number}.body.{part}": f"model.{7 + number}.conv_block.{part}" for part in (1, 5)}
    after = 10 + blocks
    ends = {f"{3 + blocks}.0": f"model.{after}", f"{4 + blocks}.0": f"model.{after + 3}", f"{5 + blocks}.1": f"model.{after + 7}"}
    return names | ends


def _cyclegan_discriminator(layers: int) -> dict[str, str]:
    inner = {f"{number + 1}.0": f"model.{3 * number - 1}" for number in range(1, layers + 1)}
    return {"0": "model.0"} | inner | {f"{layers + 2}": f"model.{3 * layers + 2}"}


LAYOUTS: Mapping[Project, tuple[NamesOfWeights, NamesOfWeights]] = {
    "stargan": (
        NamesOfWeights(
            "generator", r"main\.\d+\.main\.0\.weight", "main.0", lambda blocks: f"main.{15 + blocks}", _stargan_generator
        ),
        NamesOfWeights("discriminator", r"main\.\d+\.weight", "main.0", lambda layers: "conv2", _stargan_discriminator),
    ),
    "cyclegan": (
        NamesOfWeights(
            "generator", r"model\.\d+\.conv_block\.1\.weight", "model.1", lambda blocks: f"model.{17 + blocks}", _cyclegan_generator
        ),
        NamesOfWeights(
            "discriminator", r"model\.\d+\.weight", "model.0", lambda layers: f"model.{3 * layers + 2}", _cyclegan_discriminator, 2
        ),
    ),
}


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """A recognized reference network: its layout and weights, and the sizes that follow from their shapes.

    Args:
        name: name for messages.
        layout: names of its weights.
        state: the weights.
        depth: number of blocks or layers.
        width: width of its first layer.
        inputs, outputs: channels.
        kernel: size of the last convolution.
    """

    name: str
    layout: NamesOfWeights
    state: StateDict
    depth: int
    width: int
    inputs: int
    outputs: int
    kernel: int


def recognize(name: str, state: StateDict, project: Project) -> StoredNetwork:
    """Recognize the network of a state dict.

    Args:
        name: name for messages.
        state: the state dict.
        project: project of the file.

    Raises:
        UsageError: For an unknown network.
    """
    weights = {key: value for key, value in state.items() if key.rpartition(".")[2] not in STATISTICS}
    batch = [key for key in state if re.fullmatch(r"model\..*running_mean", key) and _sibling(key) in state]
    if project == "cyclegan" and batch:
        raise UsageError(f"{name!r} has batch norm ({batch[0]}): only networks with instance norm can be imported.")
    for layout in LAYOUTS[project]:
        depth = sum(re.fullmatch(layout.repeated, key) is not None for key in weights) - layout.fewer
        first, last = (weights.get(f"{module}.weight") for module in (layout.first, layout.last(depth)))
        if depth > 0 and first is not None and last is not None and first.dim() == last.dim() == 4:
            return StoredNetwork(name, layout, weights, depth, first.shape[0], first.shape[1], last.shape[0], last.shape[2])
    known = {"stargan": "StarGAN", "cyclegan": "CycleGAN's ResNet generator or patch discriminator"}[project]
    example = next(iter(state), "nothing")
    raise UsageError(f"{name!r} is not a network of {known}: its weights ({example}, ...) have other names or shapes.")


def _sibling(statistic: str) -> str:
    return f"{statistic.rpartition('.')[0]}.weight"


def placed(network: StoredNetwork, prefix: str, own: StateDict) -> dict[str, Tensor]:
    """Return the weights under the names used here, for the keys of `own` that begin with `prefix`. Raises UsageError if one does
    not fit.

    Args:
        network: the network.
        prefix: start of the keys.
        own: state of the method's networks.
    """
    names = network.layout.names(network.depth)
    found: dict[str, Tensor] = {}
    theirs = set()
    for key, value in own.items():
        if key.startswith(prefix):
            module, _, leaf = key.removeprefix(prefix).rpartition(".")
            their = f"{names.get(module, module)}.{leaf}"
            if their not in network.state or network.state[their].shape != value.shape:
                has = tuple(network.state[their].shape) if their in network.state else "missing"
                raise UsageError(f"{network.name!r}: {their} is {has}, not {tuple(value.shape)}: {_unsupported(network)}.")
            found[key] = network.state[their]
            theirs.add(their)
    if extra := sorted(network.state.keys() - theirs):
        raise UsageError(f"{network.name!r}: {extra[0]} is unexpected: {_unsupported(network)}.")
    return found


def _unsupported(network: StoredNetwork) -> str:
    return f"viceversa does not support this kind of {network.layout.kind}"


def read_state(path: Path) -> StateDict:
    """Return the state dict in a file, on the CPU, without wrappers. Raises UsageError for another file; no code in it is run."""
    readable(path, "the file")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or hostile file can cause any exception
        reason = "it is damaged, or it contains code, which viceversa does not execute"
        raise UsageError(f"cannot read {str(path)!r}: {reason}.") from error
    found = _state_dicts(state)
    if len(found) > 1:
        names = " and ".join(map(quoted, found))
        raise UsageError(f"{str(path)!r} holds several state dicts, {names}: save each in a file of its own.")
    if not found:
        raise UsageError(f"{str(path)!r} holds no state dict, which is a mapping from names to weights.")
    return _without_prefixes(next(iter(found.values())))


def _state_dicts(content: object) -> dict[str, StateDict]:
    """Return the state dicts in a file's content, by the keys that lead to each, such as "checkpoint.generator.state_dict".

    Other contents of a checkpoint, such as its step or an optimizer's state, are not mappings from names to weights only.
    """
    found: dict[str, StateDict] = {}
    seen: set[int] = set()
    waiting: list[tuple[str, object]] = [("", content)]
    while waiting:
        place, value = waiting.pop()
        if id(value) in seen or not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            continue
        seen.add(id(value))
        if value and all(isinstance(each, Tensor) for each in value.values()):
            found[place] = value
        else:
            waiting += [(f"{place}.{key}" if place else key, each) for key, each in reversed([*value.items()])]
    return found


def _without_prefixes(state: StateDict) -> StateDict:
    """Return the weights without the prefixes that DataParallel, DistributedDataParallel and torch.compile add to all names."""
    for prefix in _PREFIXES:
        if state and all(key.startswith(prefix) for key in state):
            return _without_prefixes({key.removeprefix(prefix): value for key, value in state.items()})
    return state


def import_stargan(
    files: Sequence[Path], out: Path, *, attributes: tuple[AnyAttribute, ...], space: str = "images", size: int | None = None
) -> list[str]:
    """Write a run from StarGAN's generator and, if it is among the files, discriminator.

    Args:
        files: weight files.
        out: new folder for the run.
        attributes: attributes in the order of the label columns.
        space: name of the space.
        size: height and width in pixels, needed without a discriminator.

    Returns:
        Names of the missing networks, whose weights are random.

    Raises:
        UsageError: a file is not such a network, or does not fit.
    """
    _check_new(out)
    found = _by_kind([recognize(str(path), read_state(path), "stargan") for path in files])
    generator, discriminator = found["generator"], found.get("discriminator")
    size = _stargan_size(discriminator, size)
    images = Space({space: ImageSpec(_channels(generator, generator.outputs), size, size)}, attributes)
    if images.label_width != (columns := generator.inputs - generator.outputs):
        ask = "say what they mean, as in `attributes='hair=black|blond|brown,male,young'`"
        raise UsageError(f"the generator's labels have {columns} columns, `attributes` names {images.label_width}: {ask}.")
    width = discriminator.width if discriminator else generator.width
    settings = stargan.StarGAN(width=generator.width, blocks=generator.depth, critic_width=width)
    method = stargan.build(images, settings)
    own = method.networks.state_dict()
    weights = placed(generator, "generator.network.", own)
    if discriminator:
        weights |= placed(discriminator, "discriminator.network.", own)
    method.networks.load_state_dict(weights, strict=False)
    recipe = Recipe[stargan.StarGAN](name="stargan", data="imported", size=size, method=settings, training=TRAINING)
    _write(out, method, recipe, images)
    return [] if discriminator else ["the discriminator"]


def _by_kind(networks: Sequence[StoredNetwork]) -> dict[str, StoredNetwork]:
    found: dict[str, StoredNetwork] = {}
    for network in networks:
        kind = network.layout.kind
        if kind in found:
            raise UsageError(f"{found[kind].name!r} and {network.name!r} are both a {kind}: StarGAN has one.")
        found[kind] = network
    if "generator" not in found:
        raise UsageError("none of the files is a generator: name the one that ends in -G.ckpt.")
    return found


def _stargan_size(discriminator: StoredNetwork | None, asked: int | None) -> int:
    """Return the size that follows from the class head, or that the user gave. Raises UsageError."""
    if discriminator is None:
        if asked is None:
            raise UsageError("a generator does not say for which size it was trained: give `size`, in pixels.")
        return asked
    size = discriminator.kernel << discriminator.depth
    if asked not in (None, size):
        raise UsageError(f"{discriminator.name!r} is of images of {size} px, not {asked}: leave out `size`, or that file.")
    return size


def import_cyclegan(files: Sequence[Path], out: Path, *, spaces: tuple[str, str], size: int) -> list[str]:
    """Write a run from CycleGAN's two generators and, if they are among the files, discriminators.

    Args:
        files: weight files. Names such as latest_net_G_A.pth say which network a file holds; files with other names are taken in
            the order G_A, G_B, D_A, D_B.
        out: new folder for the run.
        spaces: names of A and B. As in the reference, G_A translates A to B, and D_A judges images of B.
        size: height and width in pixels.

    Returns:
        Names of the missing networks, whose weights are random.

    Raises:
        UsageError: a file is not such a network, or does not fit.
    """
    _check_new(out)
    networks = _roles([recognize(str(path), read_state(path), "cyclegan") for path in files])
    forth, back = networks["G_A"], networks["G_B"]
    into = {"A": spaces[1], "B": spaces[0]}
    channels = {spaces[0]: _channels(forth, forth.inputs), spaces[1]: _channels(forth, forth.outputs)}
    if (back.outputs, back.inputs) != (forth.inputs, forth.outputs):
        takes = f"it takes {back.inputs} channels and returns {back.outputs}, not {forth.outputs} and {forth.inputs}"
        raise UsageError(f"{back.name!r} does not fit the other generator: {takes}.")
    images = Space({name: ImageSpec(channels[name], size, size) for name in spaces})
    critic = networks.get("D_A", networks.get("D_B"))
    settings = cyclegan.CycleGAN(
        width=forth.width,
        blocks=forth.depth,
        critic_width=critic.width if critic else forth.width,
        critic_layers=critic.depth if critic else 3,
    )
    method = cyclegan.build(images, settings)
    own, weights = method.networks.state_dict(), dict[str, Tensor]()
    for role, network in networks.items():
        kinds = f"{network.layout.kind}s"
        weights |= placed(network, f"{kinds}.{kinds}.{into[role[-1]]}.", own)
    method.networks.load_state_dict(weights, strict=False)
    recipe = Recipe[cyclegan.CycleGAN](name="cyclegan", data="imported", size=size, method=settings, training=TRAINING)
    _write(out, method, recipe, images)
    return [role for role in ROLES if role not in networks]


def _roles(networks: Sequence[StoredNetwork]) -> dict[str, StoredNetwork]:
    """Return each network by its role: the one in its file's name, otherwise the first free one of its kind. Raises UsageError."""
    roles: dict[str, StoredNetwork] = {}
    named = {network: re.search(r"(?:^|_)([GD]_[AB])$", Path(network.name).stem) for network in networks}
    for network, said in sorted(named.items(), key=lambda item: item[1] is None):
        kind = network.layout.kind
        left = (role for role in ROLES if ROLES[role] == kind and role not in roles)
        role = said[1] if said else next(left, None)
        if role is None:
            raise UsageError(f"{network.name!r} is one {kind} too many: CycleGAN has two.")
        if ROLES[role] != kind:
            raise UsageError(f"{network.name!r} is called {role} but is a {kind}.")
        if role in roles:
            raise UsageError(f"{roles[role].name!r} and {network.name!r} are both called {role}.")
        roles[role] = network
    if missing := {"G_A", "G_B"} - roles.keys():
        raise UsageError(f"{sorted(missing)[0]} is missing: a run needs the generators of both directions.")
    return roles


def _channels(network: StoredNetwork, count: int) -> int:
    if count not in (1, 3):
        raise UsageError(f"{network.name!r} is of images with {count} channels: only gray (1) and color (3) can be translated.")
    return count


def _check_new(out: Path) -> None:
    if not vacant(out):
        raise UsageError(f"{str(out)!r} is not an empty folder: choose another with `out`.")


def _write(out: Path, method: Method, recipe: Recipe[Any], space: Space) -> None:
    """Write the run: its checkpoint of step 0, then recipe.json, which makes it a run."""
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(out, 0, Trainee(method), method)
    write_record(out, Record(recipe=recipe, dataset="imported", space=space, device="cpu", precision="fp32"))

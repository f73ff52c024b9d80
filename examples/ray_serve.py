"""A model on a Ray cluster: replicas that translate in batches, and scale with the load.

    pip install 'ray[serve]'
    serve run examples.ray_serve:app                    two replicas of avatars, at http://127.0.0.1:8000/
    curl --data-binary @face.png 'http://127.0.0.1:8000/?to=glasses=yes' -o edited.png

Ray answers the requests and places the replicas. `viceversa serve` needs no cluster and has the whole interface.
"""

from __future__ import annotations

import io

from PIL import Image
from ray import serve
from starlette.requests import Request
from starlette.responses import Response


@serve.deployment(num_replicas=2, max_ongoing_requests=32, ray_actor_options={"num_cpus": 1})
class Translator:
    """A replica, which loads the model once."""

    def __init__(self, run: str) -> None:
        import viceversa as vv

        self.model = vv.load(run)

    @serve.batch(max_batch_size=16, batch_wait_timeout_s=0.005)
    async def translated(self, images: list[Image.Image], targets: list[str]) -> list[Image.Image]:
        """Translate a batch: images with the same target together."""
        made: dict[int, Image.Image] = {}
        for target in set(targets):
            numbers = [number for number, each in enumerate(targets) if each == target]
            made |= zip(numbers, self.model.translate([images[number] for number in numbers], target), strict=True)
        return [made[number] for number in range(len(images))]

    async def __call__(self, request: Request) -> Response:
        """Answer a request: the body is an image file, `to` the target."""
        image = Image.open(io.BytesIO(await request.body()))
        buffer = io.BytesIO()
        (await self.translated(image, request.query_params["to"])).save(buffer, "png")
        return Response(buffer.getvalue(), media_type="image/png")


app = Translator.bind("avatars")

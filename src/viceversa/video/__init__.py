"""Video: read and write clips, translate or stylize them frame by frame, and measure their consistency over time.

from viceversa.video import consistency, open_clip, translated_frames

frames = [frame.pixels for frame in open_clip(Path("clip.mp4")).read()]
made = list(translated_frames(vv.load("avatars"), frames, "hair=blond", manner=Manner(full_size=True), smooth=0.5))
print(consistency(frames, made).figures)
"""

from viceversa.video.clip import Clip, CutShort, Frame
from viceversa.video.consistency import Consistency, change, consistency, warping_error
from viceversa.video.flow import DIS, FARNEBACK, Estimator, Motion, visible, warped
from viceversa.video.job import MadeClip, Process, Work, make_clip, processed
from viceversa.video.load import form_for, is_clip, open_clip
from viceversa.video.smoothing import smoothed
from viceversa.video.stylizing import stylized_frames
from viceversa.video.translating import translated_frames

__all__ = [
    "DIS",
    "FARNEBACK",
    "Clip",
    "Consistency",
    "CutShort",
    "Estimator",
    "Frame",
    "MadeClip",
    "Motion",
    "Process",
    "Work",
    "change",
    "consistency",
    "form_for",
    "is_clip",
    "make_clip",
    "open_clip",
    "processed",
    "smoothed",
    "stylized_frames",
    "translated_frames",
    "visible",
    "warped",
    "warping_error",
]

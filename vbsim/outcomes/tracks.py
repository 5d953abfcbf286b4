"""Which track an ACO is on: one flag per track, or one column with a code."""

from __future__ import annotations

from collections.abc import Mapping

from vbsim.outcomes.reader import Row

LEGACY = {"1": "track_1", "2": "track_2", "3": "track_3", "1_plus": "track_1_plus"}
_BASIC = {letter: f"basic_{letter}" for letter in "abcde"}
TRACK_FLAGS = {
    **{f"current_track_{number}": track for number, track in LEGACY.items()},
    **{f"track{number}": track for number, track in LEGACY.items()},
    **{f"current_{track}": track for track in (*_BASIC.values(), "enhanced")},
}
_CODES = {**_BASIC, **LEGACY, "1+": "track_1_plus", "en": "enhanced", "enh": "enhanced"}


def track_of(row: Row, tracks: Mapping[str, int]) -> tuple[str, str]:
    """Track of a row, or why there is none.

    ``tracks`` are those of the year.
    """
    if "track" in row.texts:
        track = _of_code(row.texts["track"])
        if not track:
            return "", f"Current_Track is {row.texts['track'] or 'empty'}, no track that is known"
    elif len(row.group) > 1:
        return "", "two track flags are set: " + ", ".join(row.group)
    elif row.group:
        track = row.group[0]
    elif row.flags == ("track_2",):
        track = "track_1"  # the 2013 file flags track 2 alone
    else:
        return "", "no track flag is set"
    if track not in tracks:
        return track, f"{track} is no track of {row.year}"
    return track, ""


def _of_code(code: str) -> str:
    plain = code.strip().lower().replace(" ", "_").replace("-", "_")
    for prefix in ("basic_track_", "basic_level_", "basic_", "level_", "track_"):
        if plain.startswith(prefix):
            plain = plain.removeprefix(prefix)
            break
    return "enhanced" if plain == "enhanced" else _CODES.get(plain, "")

"""Files on their way to a phone: what the Bot API takes, and how it describes them."""

from __future__ import annotations

import mimetypes
import re
import struct

from rehearsal.telegram_state import State, StoredFile
from rehearsal.telegram_wire import Args, Json, Upload, bad

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_VOICE_BYTES = 1024 * 1024
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
_FILE_KINDS = {
    "photo": "Photo",
    "document": "Document",
    "sticker": "Sticker",
    "voice": "VoiceNote",
    "audio": "Audio",
    "video": "Video",
    "video_note": "VideoNote",
    "animation": "Animation",
}


def take_photo(state: State, args: Args) -> Json:
    """Read a call's photo, uploaded or known by its file_id, as the `photo` field of a Message."""
    found = _find(state, args, "photo")
    if isinstance(found, StoredFile):
        return {"photo": [found.shape]}
    if len(found.data) > MAX_PHOTO_BYTES:
        raise bad(
            f"file of size {len(found.data)} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    size = picture_size(found.data)
    if size is None:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = size
    if width + height > 10_000 or max(size) > 20 * min(size):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    # A photo is known by what it is, whatever its sender called it.
    kind = "png" if found.data.startswith(b"\x89PNG") else "jpeg"
    stored = state.add_file("photo", found.data, f"photo.{kind}", f"image/{kind}", width=width, height=height)
    return {"photo": [stored.shape]}


def take_document(state: State, args: Args) -> Json:
    """Read a call's document, uploaded or known by its file_id, as the `document` field of a Message."""
    found = _find(state, args, "document")
    if isinstance(found, StoredFile):
        return {"document": found.shape}
    guessed = mimetypes.guess_type(found.name)[0] or found.media_type
    stored = state.add_file("document", found.data, found.name, guessed, file_name=found.name, mime_type=guessed)
    return {"document": stored.shape}


def take_voice(state: State, args: Args) -> Json:
    """Read a call's voice message, uploaded or known by its file_id, as the `voice` field of a Message.

    What is none of Ogg with Opus, MP3 and M4A, or is over 1 MB, is refused in words of our own, where Telegram may show
    it as a file and not as a voice.
    """
    found = _find(state, args, "voice")
    if isinstance(found, StoredFile):
        if found.kind != "voice":
            raise bad(f"can't use file of type {_FILE_KINDS[found.kind]} as VoiceNote")
        return {"voice": found.shape}
    if len(found.data) > MAX_VOICE_BYTES:
        raise bad(f"file of size {len(found.data)} bytes is too big for a voice message")
    kind = voice_kind(found.data)
    if kind is None:
        raise bad("VOICE_FORMAT_INVALID")
    ending, media_type = kind
    duration = args.integer("duration") or opus_seconds(found.data)
    more = {"duration": duration, "mime_type": media_type}
    return {"voice": state.add_file("voice", found.data, f"voice.{ending}", media_type, **more).shape}


def voice_kind(data: bytes) -> tuple[str, str] | None:
    """Say what a voice message is, by its first bytes, as (ending, media type); None for what Telegram plays not."""
    if data.startswith(b"OggS") and b"OpusHead" in data[:64]:
        return "oga", "audio/ogg"
    if data.startswith(b"ID3") or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2):
        return "mp3", "audio/mpeg"
    if data[4:11] == b"ftypM4A":
        return "m4a", "audio/mp4"
    return None


def opus_seconds(data: bytes) -> int:
    """Count the seconds of Ogg with Opus by the last page's position, in samples of 48 kHz; 0 for anything else."""
    last = data.rfind(b"OggS")
    if b"OpusHead" not in data[:64] or last < 0 or last + 14 > len(data):
        return 0
    (position,) = struct.unpack("<q", data[last + 6 : last + 14])
    return max(0, round(int(position) / 48_000))


def describe_file(state: State, file_id: str) -> Json:
    """Answer getFile. Raises Refusal for a file nobody sent and for one too big to download."""
    if not file_id:
        raise bad("file_id not specified")
    stored = state.files.get(file_id)
    if stored is None:
        raise bad("invalid file_id")
    if len(stored.data) > MAX_DOWNLOAD_BYTES:
        raise bad("file is too big")
    wanted = ("file_id", "file_unique_id", "file_size")
    return {**{name: stored.shape[name] for name in wanted}, "file_path": stored.path}


def _find(state: State, args: Args, name: str) -> StoredFile | Upload:
    given = args.text(name)
    attached = given.startswith("attach://")
    if given and not attached:
        return _known(state, given, _FILE_KINDS[name])
    upload = args.uploads.get(given.removeprefix("attach://") if attached else name)
    if upload is None:
        raise bad(f"there is no {name} in the request")
    if not upload.data:
        raise bad("file must be non-empty")
    return upload


def _known(state: State, file_id: str, kind: str) -> StoredFile:
    stored = state.files.get(file_id)
    if stored is None and "." in file_id:
        # Telegram would fetch it; rehearsal reaches nothing beyond this machine.
        raise bad("failed to get HTTP URL content")
    if stored is None and re.fullmatch(r"[a-z_]+-[0-9]+-[0-9a-f]{16}", file_id):
        # It is written as ours are, and belongs to nothing: the servers behind say so, and not the Bot API.
        raise bad("wrong file identifier/HTTP URL specified")
    if stored is None:
        raise bad("wrong remote file identifier specified: can't unserialize it. Wrong last symbol")
    its_kind = _FILE_KINDS[stored.kind]
    if its_kind != kind and "Photo" in {its_kind, kind}:
        raise bad(f"can't use file of type {its_kind} as {kind}")
    return stored


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Read width and height from a PNG or JPEG; None when it is neither."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return (width, height) if width and height else None
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        # Frame headers are C0 to CF, but for the tables among them (C4, C8, CC).
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return (width, height) if width and height else None
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return None

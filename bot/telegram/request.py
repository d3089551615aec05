"""The way to Telegram's servers: the library's calls over aiohttp, which is there for Slack anyway.

The library's own client takes three times the processor for a call, and a wave makes thirty a second. Parameters go as
JSON, files as a form; proxies of the environment and the system's certificates are used.
"""

import json
from functools import partial

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECT_SECONDS = 5.0
READ_SECONDS = 5.0
FILES_SECONDS = 20.0


class AiohttpRequest(BaseRequest):
    """Makes the library's calls, at most `connections` at once; whoever comes later waits up to `waiting` seconds."""

    def __init__(self, connections: int, *, waiting: float = 10.0, seconds: float = READ_SECONDS) -> None:
        self._connections, self._waiting, self._seconds = connections, waiting, seconds
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds an answer may take where a call does not say."""
        return self._seconds

    async def initialize(self) -> None:
        """Open the session, once."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections)
            headers = {"User-Agent": self.USER_AGENT}
            self._session = aiohttp.ClientSession(connector=connector, headers=headers, trust_env=True)

    async def shutdown(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one call; gives status and body. Raises TimedOut or NetworkError, which never repeat the address."""
        if self._session is None:
            await self.initialize()
        assert self._session is not None  # noqa: S101 (just opened)
        files = request_data is not None and request_data.contains_files
        read = _seconds(read_timeout, FILES_SECONDS if files else self._seconds)
        connect = _seconds(connect_timeout, CONNECT_SECONDS)
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=None if connect is None else connect + (_seconds(pool_timeout, self._waiting) or 0.0),
            sock_connect=connect,
            sock_read=read,
        )
        try:
            # Whoever redirects is not Telegram, but a network that wants a sign-in first: words do not go there.
            call = self._session.request(method, url, timeout=timeout, data=_body(request_data), allow_redirects=False)
            async with call as answer:
                return answer.status, await answer.read()
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            # The error's own words hold the address, and with it the token.
            raise NetworkError(type(error).__name__) from None


def _seconds(given: object, otherwise: float) -> float | None:
    """Read a timeout: None is none at all, and what is no number was left to us."""
    if given is None:
        return None
    return float(given) if isinstance(given, int | float) else otherwise


def _body(data: RequestData | None) -> aiohttp.Payload | aiohttp.FormData | None:
    if data is None:
        return None
    if not data.contains_files:
        return aiohttp.JsonPayload(data.parameters, dumps=partial(json.dumps, ensure_ascii=False))
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, media_type) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=media_type)
    return form

"""What is the weather somewhere? As OpenWeatherMap has it, with a key; without one a stand-in that says it is one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from ...errors import ToolError
from ...settings import setting
from ..said import Said, text
from ..toolbox import Tool
from .http import asked_json

STAND_IN: Final = (
    "This is NOT the weather: no weather service is set up, and these values were made up from the place's name. Set "
    "WEATHER_API_KEY (a key of openweathermap.org) for the real ones, and tell the user so."
)
_SKIES: Final = ("clear sky", "few clouds", "overcast clouds", "light rain", "moderate rain", "mist")


class Place(BaseModel):
    """Where."""

    place: Annotated[
        str, Said(text), Field(min_length=1, max_length=100, description="The town, in the user's own words.")
    ]


class Weather(BaseModel):
    """The weather at a place now, in metric units. `stand_in` says that it was made up."""

    place: str
    country: str | None = None
    description: str
    temperature: float = Field(description="°C")
    feels_like: float | None = Field(default=None, description="°C")
    humidity: float | None = Field(default=None, description="%")
    wind: float | None = Field(default=None, description="m/s")
    at: datetime | None = None
    source: str
    stand_in: bool = False
    note: str | None = None


def weather_tool(*, api_key: str | None = None, base_url: str | None = None) -> Tool:
    """The tool `weather`. Key and server are those given, else WEATHER_API_KEY and WEATHER_BASE_URL when it is called."""

    async def run(arguments: Place, key: str) -> Weather:
        known = setting("weather_api_key", api_key)
        if not known:
            return made_up(arguments.place)
        return await weather(arguments.place, known, setting("weather_base_url", base_url) or "")

    return Tool(
        "weather", "Gives the weather at a place as it is now.", Place, run,
        asked=(
            "?weather|forecast|temperature|rain|raining|snow|snowing|sunny|cold|warm|hot|windy|humid|wind",
            "show|get|check|give|tell|look|find|report weather|temperature|forecast",
        ),
        example="what is the weather in {place}?", timeout=15.0, result=Weather,
    )  # fmt: skip


async def weather(place: str, key: str, base_url: str) -> Weather:
    """The weather there as OpenWeatherMap's `/weather` has it."""
    what = "the weather service"
    found = await asked_json(
        f"{base_url.rstrip('/')}/weather", what, key_name="WEATHER_API_KEY",
        query={"q": place, "units": "metric", "appid": key},
    )  # fmt: skip
    try:
        main, wind = found["main"], found.get("wind") or {}
        return Weather(
            place=found["name"] or place, country=(found.get("sys") or {}).get("country"),
            description=found["weather"][0]["description"], temperature=main["temp"], feels_like=main.get("feels_like"),
            humidity=main.get("humidity"), wind=wind.get("speed"),
            at=datetime.fromtimestamp(found["dt"], UTC) if "dt" in found else None, source="openweathermap.org",
        )  # fmt: skip
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        raise ToolError(f"{what} answered with something else than OpenWeatherMap's form") from None


def made_up(place: str) -> Weather:
    """The stand-in: equal for the same place, of the right form, and marked as made up."""
    digest = hashlib.sha256(place.strip().lower().encode("utf-8", "surrogatepass")).digest()
    values: dict[str, Any] = {
        "temperature": digest[0] % 30,
        "humidity": 30 + digest[1] % 60,
        "wind": digest[2] % 12,
    }
    return Weather(
        place=place, description=_SKIES[digest[3] % len(_SKIES)], source="stand-in", stand_in=True, note=STAND_IN, **values
    )  # fmt: skip

"""What the visitor holds: family, brand and model."""

from __future__ import annotations

import re

_APPLE = re.compile(r"\b(iPhone|iPad|iPod|Apple ?TV|Apple ?Watch)(\d{1,3},\d{1,3})?\b")
_ANDROID = re.compile(
    r"Android[^;)]{0,32};(?:\s*U;)?(?:\s*[a-z]{2}[-_][a-zA-Z]{2};)?\s*([^;)]{1,64}?)(?:\s+Build/[^;)]{0,64})?\s*[;)]"
)
_NO_MODEL = frozenset({"K", "wv", "Mobile", "Tablet", "U", "rv", "Linux"})
_BRANDS = (
    ("Samsung", re.compile(r"^(?:SAMSUNG |SM-|GT-|SHV-|SHW-|SCH-|SPH-|SGH-)", re.IGNORECASE)),
    ("LG", re.compile(r"^(?:LG[- ]|LGM-|LM-|LGE )", re.IGNORECASE)),
    ("Google", re.compile(r"^(?:Pixel|Nexus)", re.IGNORECASE)),
    ("Xiaomi", re.compile(r"^(?:Mi |MI |Redmi|POCO|M20|2\d{6,9}[A-Z]{1,3}$)")),
    ("Huawei", re.compile(r"^(?:HUAWEI|HONOR|ANE-|ELE-|VOG-|LYA-|MAR-|CLT-|EML-)")),
    ("OPPO", re.compile(r"^(?:OPPO|CPH\d)")),
    ("vivo", re.compile(r"^(?:vivo|V2\d{3})", re.IGNORECASE)),
    ("OnePlus", re.compile(r"^(?:ONEPLUS|OnePlus|LE2\d|KB2\d|HD1\d|IN2\d)")),
    ("Motorola", re.compile(r"^(?:moto|motorola|XT\d)", re.IGNORECASE)),
    ("Sony", re.compile(r"^(?:Sony|Xperia|[A-Z]{2}-\w{4}$)")),
    ("Nokia", re.compile(r"^(?:Nokia|TA-1\d)")),
    ("Asus", re.compile(r"^(?:ASUS|ZC|ZE)")),
)


def device_of(text: str, system: str) -> tuple[str, str, str]:
    """Family, brand and model, each "" when unknown."""
    if match := _APPLE.search(text):
        name = match[1].replace(" ", "")
        return name, "Apple", name + (match[2] or "")
    if system == "Mac OS X" and "Macintosh" in text:
        return "Mac", "Apple", "Mac"
    if system in ("Android", "HarmonyOS") and (match := _ANDROID.search(text)):
        model = match[1].strip()
        if not model or model in _NO_MODEL or model.startswith("rv:"):
            return "Generic Android Device" if model == "K" else "", "", model if model == "K" else ""
        brand = next((name for name, rule in _BRANDS if rule.search(model)), "")
        if brand and model.lower().startswith(brand.lower()):
            model = model[len(brand) :].strip(" -_") or model
        return (f"{brand} {model}" if brand else model), brand, model
    return "", "", ""

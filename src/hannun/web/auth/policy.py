"""What a caller may do, and whether a server may start as it is set. Pure: the whole of access control in tables."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.access import Access, Principal, Role
from hannun.model.errors import ConfigError
from hannun.model.text import Text
from hannun.web.site import Site

NEEDS: dict[Access, Role] = {Access.VIEW: Role.VIEWER, Access.EDIT: Role.EDITOR, Access.ADMIN: Role.ADMIN}


@dataclass(frozen=True, slots=True)
class Refused:
    """`status` 401: show who you are; 403: you may not."""

    status: int
    what: Text
    hint: Text | None = None


def decide(access: Access, principal: Principal) -> Refused | None:
    """None: the caller may come in."""
    if access in (Access.PUBLIC, Access.DSN) or (access is Access.PUSH and principal.may_push):
        return None
    if access in NEEDS and principal.role is not None and principal.role >= NEEDS[access]:
        return None
    if principal.how in ("anonymous", "network"):
        return WHO_PUSHES if access is Access.PUSH else WHO
    if access is Access.PUSH:
        return MAY_NOT_PUSH
    needed = NEEDS[access].name.lower()
    return Refused(403, MAY_NOT.what.with_(role=needed), MAY_NOT.hint)


def is_open(site: Site, *, has_users: bool) -> bool:
    """An open server takes everybody who reaches it for its admin: on loopback that is who sits at the machine."""
    return not has_users and (site.on_loopback or site.insecure_open)


def may_start(site: Site, *, has_users: bool, has_tokens: bool) -> ConfigError | None:
    """None: start. Otherwise the reason with every way out."""
    if site.on_loopback or site.insecure_open or has_users or has_tokens:
        return None
    if site.external_url and Site(listen_host=site.listen_host).on_loopback:
        return ConfigError(_REACHED_BY_URL.with_(url=site.external_url), _MAKE_A_USER)
    return ConfigError(_REACHED_BY_LISTEN.with_(listen=f"{site.listen_host}:{site.listen_port}"), _MAKE_A_USER)


WHO = Refused(
    401,
    Text(en="Log in first", ko="먼저 로그인하세요"),
    Text(
        en="In the browser: /login. Tools: header 'Authorization: Bearer hnt_…', or Basic with the token as password. "
        "New token: hannun token create NAME --role viewer",
        ko="브라우저: /login. 도구: 'Authorization: Bearer hnt_…' 헤더, 또는 Basic 인증의 비밀번호 자리에 토큰. "
        "새 토큰: hannun token create 이름 --role viewer",
    ),
)
WHO_PUSHES = Refused(
    401,
    Text(en="Pushing needs a token", ko="데이터를 보내려면 토큰이 필요합니다"),
    Text(
        en="Make one with: hannun token create NAME --role push, and send it as 'Authorization: Bearer hnt_…' or as "
        "the Basic password. Or start the server with --ingest-allow NETWORK",
        ko="hannun token create 이름 --role push 로 만들어 'Authorization: Bearer hnt_…' 헤더나 Basic 인증의 "
        "비밀번호로 보내세요. 또는 서버를 --ingest-allow 네트워크 로 시작하세요",
    ),
)
MAY_NOT_PUSH = Refused(
    403,
    Text(en="This account may not push data", ko="이 계정은 데이터를 보낼 수 없습니다"),
    Text(en="It takes a token with role push, or an editor", ko="push 역할의 토큰이나 editor 이상의 역할이 필요합니다"),
)
MAY_NOT = Refused(
    403,
    Text(en="This needs the role {role}", ko="{role} 역할이 필요합니다"),
    Text(en="An admin can change roles in Settings > Users", ko="관리자가 설정 > 사용자에서 역할을 바꿀 수 있습니다"),
)
FOREIGN_HOST = Refused(
    403,
    Text(
        en='This server does not answer to the name "{host}"',
        ko='이 서버는 "{host}": 이 이름으로는 응답하지 않습니다',
    ),
    Text(
        en="Without users it answers only to its own names, so that web pages cannot reach it through DNS. Name it "
        "with --external-url http://NAME:PORT and make a user: hannun user add NAME --role admin",
        ko="사용자가 없는 동안에는 웹 페이지가 DNS를 속여 접근하지 못하도록 자기 이름에만 응답합니다. "
        "--external-url http://이름:포트 를 주고 사용자를 만드세요: hannun user add 이름 --role admin",
    ),
)
FOREIGN_PAGE = Refused(
    403,
    Text(
        en="This request comes from another site's page",
        ko="다른 사이트의 페이지에서 온 요청입니다",
    ),
    Text(
        en="If that page is Hannun behind a proxy, tell the server its address: --external-url https://NAME",
        ko="프록시 뒤의 한눈 페이지라면 서버에 주소를 알려 주세요: --external-url https://이름",
    ),
)
UNKNOWN_PROXY = Refused(
    403,
    Text(
        en="This request came through a proxy, and without users only callers on this machine are let in",
        ko="프록시를 거쳐 온 요청입니다. 사용자가 없는 동안에는 이 컴퓨터에서 직접 온 요청만 받습니다",
    ),
    Text(
        en="Make a user: hannun user add NAME --role admin, and name the proxy with --trusted-proxies",
        ko="사용자를 만들고(hannun user add 이름 --role admin) --trusted-proxies 로 프록시를 알려 주세요",
    ),
)
NO_CSRF = Refused(
    403,
    Text(
        en="The header X-Hannun-CSRF is missing or old",
        ko="X-Hannun-CSRF 헤더가 없거나 오래되었습니다",
    ),
    Text(en="Load the page again", ko="페이지를 새로 고치세요"),
)
OPEN_TO_ALL = Text(
    en="Everybody who can reach this server may read and change everything (--insecure-open)",
    ko="이 서버에 접근할 수 있는 누구나 모든 것을 보고 바꿀 수 있습니다 (--insecure-open)",
)
CLOSE_IT = Text(
    en="Make a user in Settings > Users or with: hannun user add NAME --role admin",
    ko="설정 > 사용자에서 또는 hannun user add 이름 --role admin 으로 사용자를 만드세요",
)
_REACHED_BY_LISTEN = Text(
    en="--listen {listen} can be reached from other machines, and there is no user or token yet",
    ko="--listen {listen}: 다른 컴퓨터에서 접근할 수 있는 주소인데 아직 사용자도 토큰도 없습니다",
)
_REACHED_BY_URL = Text(
    en="--external-url {url} lets others in through a proxy, and there is no user or token yet",
    ko="--external-url {url}: 프록시를 통해 다른 사람이 들어올 수 있는데 아직 사용자도 토큰도 없습니다",
)
_MAKE_A_USER = Text(
    en="Make a user: hannun user add NAME --role admin (or set HANNUN_ADMIN_PASSWORD for a first user 'admin'), or "
    "listen on 127.0.0.1, or let everybody in with --insecure-open",
    ko="사용자를 만들거나(hannun user add 이름 --role admin, 또는 HANNUN_ADMIN_PASSWORD 로 첫 사용자 admin), "
    "127.0.0.1 에서 열거나, --insecure-open 으로 모두에게 여세요",
)

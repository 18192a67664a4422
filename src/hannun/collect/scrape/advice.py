"""What a failed scrape means and what to do now, for the person in front of the Targets page. Both languages."""

from __future__ import annotations

from hannun.collect.http_client.answer import Answer, Failure, FetchError
from hannun.collect.scrape.targets import ScrapeTarget
from hannun.config.prometheus.model import ScrapeConfig
from hannun.model.text import Text

BY_FAILURE: dict[Failure, Text] = {
    Failure.UNRESOLVED: Text(
        en='The name "{host}" does not resolve from this machine. Names of containers only resolve inside their '
        "network: write an address that this machine can reach, or add the name to /etc/hosts.",
        ko='이 서버에서 "{host}" 이름을 찾을 수 없습니다. 컨테이너 이름은 그 네트워크 안에서만 통합니다. '
        "이 서버에서 닿는 주소를 적거나 /etc/hosts에 이름을 추가해 주세요.",
    ),
    Failure.REFUSED: Text(
        en="Nothing listens at {host}:{port}. Is the program running, and is this its metrics port? A program that "
        "listens on 127.0.0.1 of another machine or inside a container cannot be reached from here.",
        ko="{host}:{port} 주소에서 듣고 있는 프로그램이 없습니다. 실행 중인지, 메트릭 포트가 맞는지 확인해 주세요. "
        "다른 서버의 127.0.0.1이나 컨테이너 안에서만 듣는 프로그램에는 여기서 닿을 수 없습니다.",
    ),
    Failure.UNREACHABLE: Text(
        en="There is no way from this machine to {host}:{port}. Check the address, the route and firewalls between.",
        ko="이 서버에서 {host}:{port} 주소까지 가는 길이 없습니다. 주소와 라우팅, 중간 방화벽을 확인해 주세요.",
    ),
    Failure.TIMEOUT: Text(
        en="No whole answer within scrape_timeout ({timeout} s). If the page is slow rather than lost (try curl), "
        "raise scrape_timeout; a firewall that drops packets looks the same.",
        ko="scrape_timeout({timeout}초) 안에 응답을 다 받지 못했습니다. curl로 보아 느릴 뿐이라면 scrape_timeout을 "
        "올려 주세요. 패킷을 버리는 방화벽도 같은 모습으로 나타납니다.",
    ),
    Failure.TLS: Text(
        en="The TLS handshake failed. For a private authority set tls_config.ca_file, for another name in the "
        "certificate tls_config.server_name; if the port speaks plain HTTP, use scheme: http.",
        ko="TLS 연결을 맺지 못했습니다. 사설 인증 기관이라면 tls_config.ca_file을, 인증서의 이름이 다르다면 "
        "tls_config.server_name을 지정해 주세요. 일반 HTTP 포트라면 scheme: http로 바꿔 주세요.",
    ),
    Failure.REDIRECT: Text(
        en="The target redirects in a circle or to nowhere. Put the final path into metrics_path; mounted ASGI apps "
        "often want it with a slash at the end (/metrics/).",
        ko="대상이 같은 곳을 맴돌거나 없는 곳으로 리디렉션합니다. 최종 경로를 metrics_path에 적어 주세요. "
        "마운트된 ASGI 앱은 끝에 슬래시가 붙은 경로(/metrics/)를 원하는 경우가 많습니다.",
    ),
    Failure.TOO_LARGE: Text(
        en="The page is larger than body_size_limit ({body_limit}). Raise it in the job, or make the target tell less.",
        ko="페이지가 body_size_limit({body_limit})보다 큽니다. 작업(job)에서 값을 올리거나 대상이 내보내는 양을 "
        "줄여 주세요.",
    ),
    Failure.BROKEN: Text(
        en="What answers at {host}:{port} does not speak HTTP as it should, or hung up in the middle. "
        "Is this the metrics port, and is the scheme (http, https) right?",
        ko="{host}:{port} 주소의 응답이 올바른 HTTP가 아니거나 도중에 끊겼습니다. 메트릭 포트가 맞는지, "
        "scheme(http, https)이 맞는지 확인해 주세요.",
    ),
    Failure.SECRET: Text(
        en="A secret file of this job cannot be read by the user that Hannun runs as. Check its path and permissions.",
        ko="Hannun을 실행하는 사용자가 이 작업(job)의 비밀 파일을 읽을 수 없습니다. 경로와 권한을 확인해 주세요.",
    ),
    Failure.TOKEN: Text(
        en="The OAuth 2 server gave no token. Check client_id, client_secret, scopes and token_url.",
        ko="OAuth 2 서버가 토큰을 주지 않았습니다. client_id, client_secret, scopes, token_url을 확인해 주세요.",
    ),
    Failure.URL: Text(
        en="Address, scheme and path make no URL. Relabeling may have set one of them wrongly: see its steps below.",
        ko="주소, scheme, 경로를 합쳐도 URL이 되지 않습니다. 리라벨링이 잘못 설정했을 수 있으니 아래 단계를 "
        "확인해 주세요.",
    ),
    Failure.BUSY: Text(
        en="Too many large pages are being read at once. Spread them: longer intervals, or less on each page.",
        ko="큰 페이지를 한꺼번에 너무 많이 읽고 있습니다. 수집 간격을 늘리거나 페이지를 작게 나눠 주세요.",
    ),
}

BY_STATUS: dict[int, Text] = {
    401: Text(
        en="The target wants to know who asks. Set basic_auth, authorization or oauth2 in the job.",
        ko="대상이 인증을 요구합니다. 작업(job)에 basic_auth, authorization 또는 oauth2를 설정해 주세요.",
    ),
    403: Text(
        en="The target knows us and refuses, or lets only some addresses in. Check the rights behind basic_auth, "
        "authorization or oauth2.",
        ko="대상이 접근을 거부했습니다. basic_auth, authorization, oauth2에 쓴 계정의 권한과 허용된 주소를 "
        "확인해 주세요.",
    ),
    404: Text(
        en="There is no page at {path}. Is metrics_path right? Spring Boot, for example, uses /actuator/prometheus.",
        ko="{path} 경로에 페이지가 없습니다. metrics_path가 맞는지 확인해 주세요. 예를 들어 Spring Boot는 "
        "/actuator/prometheus를 씁니다.",
    ),
    405: Text(
        en="The path {path} does not take GET. Is metrics_path right?",
        ko="{path} 경로는 GET 요청을 받지 않습니다. metrics_path가 맞는지 확인해 주세요.",
    ),
    406: Text(
        en="The target has no page in a format that was asked for. See scrape_protocols.",
        ko="대상이 요청한 형식의 페이지를 주지 못합니다. scrape_protocols를 확인해 주세요.",
    ),
    429: Text(
        en="The target is asked too often. Raise scrape_interval.",
        ko="대상이 요청이 너무 잦다고 합니다. scrape_interval을 늘려 주세요.",
    ),
}
SERVER_ERROR = Text(
    en="The target itself failed. Its own log tells why.",
    ko="대상 프로그램 안에서 오류가 났습니다. 그 프로그램의 로그에 원인이 있습니다.",
)
REDIRECTED = Text(
    en="The target redirects and follow_redirects is off. Switch it on, or put the final path into metrics_path.",
    ko="대상이 리디렉션하지만 follow_redirects가 꺼져 있습니다. 켜거나 최종 경로를 metrics_path에 적어 주세요.",
)
HTML = Text(
    en="A web page came back instead of metrics. Is metrics_path right ({path}), and does a login page stand "
    "before it?",
    ko="메트릭 대신 웹 페이지가 왔습니다. metrics_path({path})가 맞는지, 앞에 로그인 화면이 있는지 확인해 주세요.",
)
NO_TYPE = Text(
    en="The page has no usable Content-Type. If it is the classic text format, set fallback_scrape_protocol: "
    "PrometheusText0.0.4 in the job.",
    ko="페이지의 Content-Type을 알 수 없습니다. 기존 텍스트 형식이라면 작업(job)에 fallback_scrape_protocol: "
    "PrometheusText0.0.4를 설정해 주세요.",
)
NOT_A_PAGE = Text(
    en="A line of the page is not in the format that its Content-Type names, so nothing of it is stored. "
    "The error tells the line.",
    ko="페이지의 한 줄이 Content-Type이 말하는 형식과 달라서 페이지 전체를 저장하지 않았습니다. "
    "오류에 줄 번호가 있습니다.",
)
TOO_MANY_SAMPLES = Text(
    en="The page has more samples than sample_limit ({limit}), so nothing of it is stored. Raise it in the job, or "
    "drop series with metric_relabel_configs.",
    ko="페이지의 값이 sample_limit({limit})보다 많아서 저장하지 않았습니다. 작업(job)에서 값을 올리거나 "
    "metric_relabel_configs로 시계열을 버려 주세요.",
)
TOO_MANY_BUCKETS = Text(
    en="A native histogram of the page has more than native_histogram_bucket_limit ({limit}) buckets even in the "
    "coarsest form, so nothing of it is stored. Raise it in the job.",
    ko="네이티브 히스토그램 하나가 가장 성긴 형태로도 버킷이 native_histogram_bucket_limit({limit})보다 많아서 "
    "페이지를 저장하지 않았습니다. 작업(job)에서 값을 올려 주세요.",
)
TOO_MANY_TARGETS = Text(
    en="The job has more targets than target_limit ({limit}), and then none of them is scraped. Raise it, or narrow "
    "the discovery.",
    ko="작업(job)의 대상이 target_limit({limit})보다 많으면 아무 대상도 수집하지 않습니다. 값을 올리거나 "
    "디스커버리 범위를 좁혀 주세요.",
)
INTERNAL = Text(
    en="This is a fault of Hannun, not of the target. Please report it with the lines that its log has about it.",
    ko="대상이 아니라 Hannun의 오류입니다. 로그에 남은 내용과 함께 알려 주세요.",
)
STAND_IN_FAILED = Text(
    en="Nobody answers at {host}:{port}, and the built-in {name} that stands in for it could not answer either.",
    ko="{host}:{port} 주소에서 응답이 없고, 대신 응답하는 내장 기능({name})도 응답하지 못했습니다.",
)


def of_fetch(err: FetchError, target: ScrapeTarget, config: ScrapeConfig, body_bytes_max: int) -> Text:
    return BY_FAILURE[err.failure].with_(
        host=target.host or "?",
        port=target.port,
        timeout=f"{target.timeout_ms / 1000:g}",
        body_limit=f"{config.limits.body_bytes or body_bytes_max} B",
    )


def of_status(answer: Answer, target: ScrapeTarget) -> Text | None:
    if 300 <= answer.status < 400:
        return REDIRECTED
    if answer.status >= 500:
        return SERVER_ERROR
    found = BY_STATUS.get(answer.status)
    return found.with_(path=target.path) if found is not None else None


def of_content_type(content_type: str, target: ScrapeTarget) -> Text:
    return HTML.with_(path=target.path) if "html" in content_type.lower() else NO_TYPE

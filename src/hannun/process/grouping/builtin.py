"""Rules that hold in every project before its own: what no team would call its bug.

Stack rules: frames of runtimes, of code that only passes calls on, and of SDKs' own hooks. Fingerprints: failures of a
deployment (a chunk that is gone, a page that hydrates otherwise) which differ only in names of files.
"""

from __future__ import annotations

from functools import cache

from hannun.process.grouping import fingerprint, stack_rules

STACK = r"""
# Third-party code that SDKs may call ours
family:javascript path:**/node_modules/** -app
family:javascript path:http?://unpkg.com/** -app
family:javascript path:http?://cdn.jsdelivr.net/** -app
family:javascript path:http?://cdnjs.cloudflare.com/** -app
family:javascript path:http?://esm.run/** -app
family:javascript path:http?://*.googletagmanager.com/** -app
family:javascript path:http?://*.google-analytics.com/** -app
family:javascript path:http?://connect.facebook.net/** -app
family:javascript path:http?://*.googleapis.com/** -app
family:javascript path:http?://t1.kakaocdn.net/** -app
family:javascript path:http?://wcs.naver.net/** -app
family:javascript path:{chrome,moz,safari-web,safari,ms-browser}-extension:** -app -group
family:javascript path:node:** -app
family:javascript path:internal/** -app
family:javascript path:{**/,}webpack/{bootstrap,runtime}** -app -group
module:java.* -app
module:javax.* -app
module:jdk.* -app
module:sun.* -app
module:com.sun.* -app
module:kotlin.* -app
module:kotlinx.* -app
module:scala.* -app
module:clojure.* -app
module:akka.* -app
module:android.* -app
module:androidx.* -app
module:com.android.* -app
module:com.google.android.* -app
module:dalvik.* -app
module:com.fasterxml.* -app
module:com.microsoft.* -app
module:feign.* -app
module:io.opentelemetry.* -app
module:io.netty.* -app
module:oauth.* -app
module:org.apache.* -app
module:org.glassfish.* -app
module:org.jboss.* -app
module:org.postgresql.* -app
module:org.springframework.* -app
module:org.hibernate.* -app
module:reactor.core.* -app
family:other path:**/go/pkg/mod/** -app
family:other path:**/go/src/runtime/** -app
family:other package:flutter -app
family:other path:org-dartlang-sdk:** -app -group
family:other path:package:flutter/** -app
family:other path:package:sentry/** -app -group
family:other path:package:sentry_flutter/** -app -group
family:native package:/System/** -app
family:native package:/usr/lib/** -app
family:native package:/lib/** -app
family:native package:/lib64/** -app
family:native package:/apex/** -app
family:native package:/system/** -app
family:native package:/vendor/** -app
family:native package:C:/Windows/** -app
family:native package:**/libsystem_* -app
family:native function:std::* -app
family:native function:core::* -app
family:native function:alloc::* -app
family:native function:__cxa_* -app -group
family:native function:__rust_* -app
family:native function:rust_begin_unwind -app

# What only passes a failure on, wherever it stands
family:javascript function:sentryWrapped -group
family:javascript path:**/@sentry/** -app -group
family:javascript path:**/sentry-internal/** -app -group
family:javascript path:**/{raven,bundle.tracing*,bundle.es*}.js -app
family:javascript module:@babel/** -app -group
family:javascript module:babel-runtime/** -app -group
family:javascript module:core-js/** -app -group
family:javascript module:regenerator-runtime/** -app -group
family:javascript module:tslib/** -app -group
family:javascript module:zone.js/** -app -group
family:javascript module:@sentry/** -app -group
family:javascript path:**/core-js/** -app -group
family:javascript path:**/@babel/runtime/** -app -group
family:javascript path:**/regenerator-runtime/** -app -group
family:javascript path:**/tslib/** -app -group
family:javascript path:**/zone.js/** -app -group
family:javascript path:**/{promise,es6,es5}-{polyfill,shim}** -app -group
family:javascript function:asyncGeneratorStep -group
family:javascript function:{_next,_throw} path:**/asyncToGenerator* -group
family:javascript function:__awaiter -group
family:javascript function:__generator -group
family:javascript function:tryCatch path:**/*runtime* -group
family:other path:**/sentry_sdk/** -app -group
family:other module:sentry_sdk.* -app -group
family:other module:io.sentry.* -app -group
function:<module> | [ function:spawn_main ] -group
family:other function:{_python_exit,_bootstrap,_bootstrap_inner} path:**/threading.py -group
family:other module:sun.reflect.* -group
family:other module:java.lang.reflect.* -group
family:other module:jdk.internal.reflect.* -group
family:other module:*$$FastClassBySpringCGLIB$$* -group
family:native function:std::panicking::* ^-group
family:native function:core::panicking::* ^-group
family:native function:rust_begin_unwind ^-group -group
family:native function:abort ^-group
family:native function:raise ^-group
family:native function:__pthread_kill ^-group
family:native function:objc_exception_throw ^-group -group
family:native function:_objc_exception_throw ^-group
family:native function:__exceptionPreprocess -group
"""
FINGERPRINTS = r"""
family:javascript type:ChunkLoadError -> chunkload-error
family:javascript value:"*Loading chunk * failed*" -> chunkload-error
family:javascript value:"*Loading CSS chunk * failed*" -> chunkload-error
family:javascript value:"*Failed to fetch dynamically imported module*" -> chunkload-error
family:javascript message:"*Hydration failed because*" -> hydration-error {{transaction}}
family:javascript message:"*Text content does not match server-rendered HTML*" -> hydration-error {{transaction}}
family:javascript message:"*There was an error while hydrating*" -> hydration-error {{transaction}}
"""


@cache
def stacks() -> stack_rules.StackRules:
    return stack_rules.parse(STACK)


@cache
def fingerprints() -> fingerprint.FingerprintRules:
    return fingerprint.parse(FINGERPRINTS)

// An old or a new @sentry/node: a caught error with a tag and a breadcrumb, and a message.
const Sentry = require(process.argv[2]);

Sentry.init({ dsn: process.argv[3], release: "api@4.0.0", environment: "production" });
Sentry.addBreadcrumb({ category: "db", message: "select 1" });
Sentry.setTag("city", "서울");

function charge(order) {
  return order.card.number;
}
try {
  charge({ id: 7 });
} catch (error) {
  Sentry.captureException(error);
}
Sentry.captureMessage("queue is long", "warning");
Sentry.flush(5000).then((sent) => process.exit(sent ? 0 : 1));

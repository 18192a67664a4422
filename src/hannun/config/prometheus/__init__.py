"""prometheus.yml and what it names: rule files, scrape config files, secrets."""

"""hannun.yml and other people's files -> typed settings. Each complaint says where; an unknown key is a warning."""

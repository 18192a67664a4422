"""What LogQL does with the series that range aggregations return: aggregations, operators, label_replace, order."""

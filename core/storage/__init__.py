"""Records on a Redis-protocol server and objects in an S3 store: the only place that speaks to either."""

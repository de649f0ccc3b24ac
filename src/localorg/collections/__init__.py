"""Several records in one request: the sObject Collections resource."""

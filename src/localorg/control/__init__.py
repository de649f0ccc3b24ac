"""What tests and demonstrations tell the org to do, under a path that Salesforce does not use."""

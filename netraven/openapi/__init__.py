"""The API's OpenAPI description: made from the code by drf-spectacular, checked in as docs/openapi.yaml."""

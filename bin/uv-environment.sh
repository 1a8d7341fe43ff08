# Sourced: tells uv of the package index and the certificates that pip is configured with, unless uv has its own.
pip_setting() { "${PYTHON:-python3}" -m pip config get "global.$1" 2>/dev/null || true; }
pip_index=${PIP_INDEX_URL:-$(pip_setting index-url)}
pip_certificates=${PIP_CERT:-$(pip_setting cert)}
if [ -n "$pip_index" ]; then export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$pip_index}; fi
if [ -n "$pip_certificates" ]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$pip_certificates}; fi
export UV_PYTHON_DOWNLOADS=never

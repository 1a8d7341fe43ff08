# Sourced: tells uv of the package index and the certificates that pip is configured with, unless uv has its own.
#
# What holds is in pip's list alone: `pip config get` reads the user's file and neither the machine's nor the environment.
pip_settings=$("${PYTHON:-python3}" -m pip config list 2>/dev/null || .venv-uv/bin/python -m pip config list 2>/dev/null || true)
pip_setting() { sed -n "s/^global\.$1='\(.*\)'$/\1/p" <<<"$pip_settings"; }
pip_index=${PIP_INDEX_URL:-$(pip_setting index-url)}
pip_certificates=${PIP_CERT:-$(pip_setting cert)}
if [ -n "$pip_index" ]; then export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$pip_index}; fi
if [ -n "$pip_certificates" ]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$pip_certificates}; fi
# As pip does, uv trusts what this machine trusts, a company's certificate among it; by itself it brings a list of its own.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
  if [ -e "$bundle" ]; then export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}; fi
done
export UV_PYTHON_DOWNLOADS=never

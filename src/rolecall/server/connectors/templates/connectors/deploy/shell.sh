{% autoescape off %}{% if authority %}cat > "$HOME/rolecall-ca.pem" <<'END'
{{ authority }}
END
BATON_CA_FILE="$HOME/rolecall-ca.pem" {% endif %}BATON_CLIENT_ID={{ client_id }} BATON_CLIENT_SECRET={{ client_secret }} BATON_SCIM_TOKEN='<SCIM token>' BATON_STATE_DIR="$HOME/rolecall-notion" BATON_PROVISIONING={{ provisioning }} rolecall-notion
{% endautoescape %}

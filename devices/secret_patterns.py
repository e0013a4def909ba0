r"""What the shipped platforms print their secrets as; docs/masking.md says how they are used.

One regular expression a line; its group 1, or the group named `secret`, is the secret. White space and quotes around it
are not part of it. `(.+)$` is for systems that take spaces within a password.

These are data: a migration writes them into the platforms, where an operator edits them. A release that adds some does
so with a migration of its own. Those that are here verbatim are known to take time in proportion to the line
(tests/backups/test_masking_time.py), and may run in NetRaven's own process.
"""
# ruff: noqa: E501  (a pattern is one line)

# SNMP, as all Cisco-like systems print it
_SNMP = r"""
^snmp-server community (?:clear |encrypted |\d )?(\S+)
^snmp(?:-server)? (?:mib )?community-map (\S+)
^snmp-server host \S+(?: vrf \S+)?(?: traps| informs)?(?: version (?:1|2c|3 (?:no)?auth|3 priv))?(?: clear| encrypted)? (?!use-vrf |filter-vrf |source-interface |vrf |traps |informs |version |clear |encrypted )(\S+)
^snmp-server user .* auth \S+ (?:clear |encrypted )?(\S+)
^snmp-server user .* priv (?:aes-\d+ |aes \d+ |aes |3des |des56 |des )?(?:clear |encrypted )?(\S+)
"""

IOS = rf"""
^enable (?:password|secret)(?: level \d+)?(?: \d+)? (.+)$
^username \S+ (?:.*? )?(?:password|secret)(?: \d+)? (.+)$
^\s+(?:password|secret)(?: \d+)? (.+)$
^\s+(?:neighbor|ppp|l2tp|bind|authentication|credentials|username|web|xml|mgmtuser|dot1x|registrar|security|ip) (?:.*? )?password [4-9] (\S+)
^\s+(?:neighbor|ppp|l2tp|bind|authentication|credentials|username|web|xml|mgmtuser|dot1x|registrar|security|ip) (?:.*? )?password(?: 0)? (?![4-9] )(.+)$
^(?:ip|ap|vpdn|wlccp|cts|dot1x) (?:.*? )?password(?: \d+)? (?!peer )(.+)$
^vtp password (\S+)
^ip msdp (?:vrf \S+ )?password peer \S+(?: \d)? (.+)$
^mpls ldp .*?\bpassword(?: fallback| option \d+ for \S+)?(?: \d)? (?!required|rollover|fallback|option|key-chain)(.+)$
{_SNMP.strip()}
^(?:tacacs|radius)-server (?:.* )?key(?: \d)? (.+)$
^\s+(?:pac )?key \d (.+)$
^\s+(?:pac )?key (?!\d+\s*$)(?!\d )(.+)$
^\s+(?:\S.*? )?server-key(?: \d)? (.+)$
^\s+server-private .* key(?: \d)? (\S+)$
^\s+(?:\S.*? )?encryption-key(?: \d)? (\S+)
^\s+(?:\S.*? )?message-auth-code-key(?: \d)? (\S+)
^\s+key-string(?: \d)? (.+)$
^\s+(?:ip ospf|area) (?:.*? )?authentication-key(?: \d)? (.+)$
^\s+(?:ip ospf|area) (?:.*? )?message-digest-key \d+ md5(?: \d)? (.+)$
^\s+(?:ipv6 ospf|ospfv3|area) .*?\bspi \d+ (?:md5|sha1)(?: \d)? (\S+)
^\s+(?:ipv6 ospf|ospfv3|area) .*?\bspi \d+ esp (?!null)\S+(?: \d\d\d)?(?: \d)? (\S+) (?:md5|sha1)
^\s+(?:ipv6 ospf|ospfv3|area) .*?\bspi \d+ esp .* (?:md5|sha1)(?: \d)? (\S+)$
^\s+authentication mode hmac-sha-256(?: \d)? (.+)$
^\s+isis password (\S+)
^\s+(?:area|domain)-password (\S+)
^\s+(?:standby|vrrp|glbp)(?: \d+)? authentication(?: text)? (?!md5 |text )(\S.*)$
^\s+(?:standby|vrrp|glbp)(?: \d+)? authentication md5 key-string(?: \d)? (\S+)
^\s+ip nhrp authentication (.+)$
^ntp authentication-key \d+ \S+ (\S+)
^crypto isakmp key(?: \d)? (\S+)
^\s+pre-shared-key (?:address|hostname) .*? key(?: \d)? (.+)$
^\s+pre-shared-key(?: local| remote)?(?: hex| \d)? (?!address |hostname |local |remote )(.+)$
^\s+authentication (?:local |remote )?pre-share key(?: \d)? (.+)$
^\s+set session-key (?:in|out)bound ah \d+ (\S+)
^\s+set session-key (?:in|out)bound esp \d+ cipher (\S+)
^\s+set session-key (?:in|out)bound esp .*\bauthenticator (\S+)
^\s+digest secret(?: \d)? (\S+)
^\s*(?:wpa-psk|security wpa (?:.*? )?psk set-key|psk set-key) (?:ascii|hex)(?: \d)? (.+)$
^\s+encryption .*\bkey \d+ size \d+bit(?: \d)? (\S+)
^\s+security (?:static-)?wep-key.* (?:ascii|hex)(?: \d)? (\S+)
^\s+sap pmk (\S+)
^mab request format attribute 2(?: \d)? (\S+)
^\s*cable (?:shared|dynamic|dhcp-giaddr)-secret(?: \d)? (\S+)
^key config-key \S+ (.+)$
^\s+token (\S+)
"""

NXOS = rf"""
^enable (?:password|secret)(?: \d+)? (\S+)
^username \S+ (?:.*? )?password(?: \d+)? (\S+)
{_SNMP.strip()}
^(?:tacacs|radius|ldap)-server (?:.* )?key(?: \d+)? ("[^"]*"|\S+)
^ldap-server host .* password(?: \d)? ("[^"]*"|\S+)
^\s+key \d ("[^"]*"|\S+)
^\s+server-key(?: \d)? ("[^"]*"|\S+)
^\s+(?:neighbor \S+ )?password(?: \d)? (\S+)
^\s+key-(?:octet-)?string(?: \d)? (\S+)
^\s+(?:ip ospf |area .* )?authentication-key(?: \d)? (\S+)
^\s+(?:ip ospf |area .* )?message-digest-key \d+ md5(?: \d)? (\S+)
^\s+authentication md5 key-string(?: \d)? (\S+)
^\s+(?:vrrp \d+ |glbp \d+ )?authentication text(?: \d)? (\S+)
^\s+ip pim hello-authentication ah-md5(?: \d)? (\S+)
^\s*ip msdp password \S+(?: \d)? (\S+)
^ntp authentication-key \d+ \S+ (\S+)
^fcsp dhchap (?:devicename \S+ )?password(?: \d)? (\S+)
^nxapi certificate .* password ("[^"]*"|\S+)
^scheduler aaa-authentication .*password(?: \d)? (\S+)
^vtp password (\S+)
^key config-key \S+ (\S+)
"""

EOS = rf"""
^enable (?:password|secret)(?: level \d+)?(?: 0| 5| 7| 8a| sha512)? (\S+)
^username \S+ (?:.*? )?(?:password|secret)(?: 0| 5| 7| 8a| sha512)? (\S+)
^(?:aaa root|boot) secret(?: 0| 5| sha512)? (\S+)
{_SNMP.strip()}
^(?:tacacs|radius)-server (?:.* )?key(?: 0| 7| 8a)? (\S+)
^\s+(?:\S.*? )?server-key(?: 0| 7| 8a)? (\S+)
^\s+(?:neighbor \S+ |peer \S+ |root-dn .*|bind-dn .*|auth )?password(?: 0| 7| 8a)? (?!policy |minimum |encryption-key )(\S+)
^\s+key(?: 0| 7| 8a) (\S+)
^\s+key [0-9a-fA-F]+(?: 0| 7| 8a) (\S+)
^\s+key-string(?: 0| 7| 8a)? (\S+)
^\s+(?:ip ospf |area .* )?authentication-key(?: 0| 7| 8a)? (\S+)
^\s+(?:ip ospf |area .* )?message-digest-key \d+ (?:md5|sha\d+)(?: 0| 7| 8a)? (\S+)
^\s+(?:ospfv3|area) .*\bpassphrase(?: 0| 7| 8a)? (\S+)
^\s+(?:ospfv3|area) .*\bspi \d+ (?:md5|sha1)(?: 0| 7| 8a)? (?!passphrase )(\S+)
^\s+(?:isis )?authentication (?:key-id \d+ algorithm \S+ )?key(?: 0| 7| 8a)? (\S+)
^\s+vrrp \d+ (?:peer )?authentication (?:text|ietf-md5 key-string)(?: 0| 7| 8a)? (\S+)
^ntp authentication-key \d+ \S+(?: 0| 7| 8a)? (\S+)
^\s+shared-key(?: 0| 7| 8a)? (\S+)
^\s+passphrase(?: 0| 7| 8a)? (\S+)
^\s+exec .*auth=key,([^\s,]+)
"""

IOSXR = rf"""
^enable (?:password|secret)(?: \S+)? (\S+)$
^\s+(?:masked-)?(?:password|secret)(?: \d+| clear| encrypted)? (\S.*)$
{_SNMP.strip()}
^(?:tacacs|radius)-server (?:.* )?key(?: \d| clear| encrypted)? (\S+)
^\s+key(?: \d| clear| encrypted) (\S+)
^\s+key (?!\d+\s*$)(?!\d )(?!clear |encrypted )(\S+)
^\s+(?:\S.*? )?server-key(?: \d| clear| encrypted)? (\S+)
^\s+key-string(?: password6?| clear| encrypted)? (?!password |clear |encrypted )(\S+)
^\s+(?:lsp|hello)-password(?: text| hmac-md5)?(?: clear| encrypted)? (?!keychain |text |hmac-md5 |clear |encrypted )(\S+)
^\s+(?:\S.*? )?authentication-key(?: \d+ \S+)?(?: clear| encrypted)? (?!\d+ md5 )(\S+)
^\s+(?:\S.*? )?message-digest-key \d+ md5(?: clear| encrypted| \d)? (\S+)
^\s+neighbor (?:\S+ )?password(?: clear| encrypted| \d)? (\S+)
^\s*(?:ftp|rcp) client (?:vrf \S+ )?password(?: clear| encrypted| \d)? (\S+)
^\s+ppp .*password(?: clear| encrypted| \d)? (\S+)
^\s+(?:text-)?authentication (?!keychain|message-digest|null|disable|mode|key-source|rsa|pre-share|chap|pap|ms-chap|md5|text)(\S+)$
^\s+(?:hsrp|vrrp)(?: \d+)? (?:text-)?authentication (\S+)$
^\s+digest secret(?: \d| clear| encrypted)? (\S+)
^\s+(?:\S.*? )?ipsec spi \d+ (?:md5|sha1)(?: clear| password| encrypted)? (\S+)
^\s+(?:\S.*? )?ipsec spi \d+ esp (?!null)\S+(?: \d\d\d)?(?: clear| password| encrypted)? (\S+)
^\s+(?:\S.*? )?ipsec spi \d+ esp .*authentication \S+(?: clear| password| encrypted)? (\S+)
"""

JUNOS = r"""
(?:^|\s)(?P<secret>"[^"]*"|[^\s";]+)\s*;\s*## SECRET-DATA
^\s*(?:set .* )?(?:\S+ )?(?:encrypted-password|plain-text-password-value|simple-password|secret|password) ("[^"]*"|[^\s";\[\]{}]+)
^\s*(?:set .* )?(?:\S+ )?(?:authentication-password|privacy-password|authentication-key|privacy-key|hello-authentication-key) ("[^"]*"|[^\s";{}]+)(?! type )
^\s*(?:set .* )?authentication-key \d+ type \S+ value ("[^"]*"|[^\s";]+)
^\s*(?:set .* )?(?:\S+ )?(?:pre-shared-key|key) (?:ascii-text|hexadecimal) ("[^"]*"|[^\s";]+)
^\s*(?:set .* )?(?:\S+ )?md5 \d+ key ("[^"]*"|[^\s";]+)
^\s*(?:set .* )?(?:chap-secret|pap-password|default-chap-secret|default-password|local-password|challenge-password|shared-secret|community-name|cak) ("[^"]*"|[^\s";]+)
^set (?:.* )?snmp (?:.* )?(?:community|trap-group) ("[^"]*"|\S+)
"""

# By the NAPALM driver of a platform: operators make platforms of their own for other transports
BY_DRIVER = {
    "ios": IOS.strip(),
    "iosxr": IOSXR.strip(),
    "iosxr_netconf": IOSXR.strip(),
    "nxos": NXOS.strip(),
    "nxos_ssh": NXOS.strip(),
    "eos": EOS.strip(),
    "junos": JUNOS.strip(),
}
SHIPPED = frozenset(line for patterns in BY_DRIVER.values() for line in patterns.splitlines())

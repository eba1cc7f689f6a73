"""Keys, certificates and tokens of one cluster's life: made new at every start, thrown away with the work folder."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import secrets
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.cluster.harness.layout import API_PORT, API_SERVICE_ADDRESS, CLUSTER_DOMAIN, HOST_ADDRESS, NODE

_VALID = datetime.timedelta(days=30)
FRONT_PROXY = "front-proxy-client"
"""As who the API server asks another one that serves a part of the API."""

#: Who talks to the API server: file name of the kubeconfig -> (user, groups). The names are those that Kubernetes' own
#: default ClusterRoleBindings grant to (https://kubernetes.io/docs/reference/access-authn-authz/rbac/).
IDENTITIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("admin", ("system:masters",)),
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "proxy": ("system:kube-proxy", ()),
    "node": (f"system:node:{NODE}", ("system:nodes",)),
    "coredns": ("system:coredns", ()),
}


@dataclass(frozen=True)
class Pki:
    """Paths of everything below one folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """Certificate of the authority that signed the others (PEM)."""
        return self.folder / "ca.crt"

    @property
    def tokens(self) -> Path:
        """What `kube-apiserver --token-auth-file` reads: token, user, uid, groups."""
        return self.folder / "tokens.csv"

    def certificate(self, name: str) -> Path:
        """A leaf certificate: `serving`, `kubelet-client` or `front-proxy`."""
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        """A private key: `serving`, `kubelet-client`, `front-proxy` or `service-accounts`."""
        return self.folder / f"{name}.key"

    def kubeconfig(self, identity: str) -> Path:
        """Kubeconfig of one of IDENTITIES."""
        return self.folder / f"{identity}.kubeconfig"


def create(folder: Path) -> Pki:
    """Make every key, certificate, token and kubeconfig below `folder`, readable by its owner alone."""
    folder.mkdir(parents=True, mode=0o700)
    pki = Pki(folder)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("goflow-test-ca", authority_key, None, authority_key)
    pki.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    issuer = (authority.subject, authority_key)
    _leaf(pki, "serving", "kube-apiserver", issuer, names=_serving_names())
    _leaf(pki, "kubelet-client", "kube-apiserver-kubelet-client", issuer, organization="system:masters")
    _leaf(pki, "front-proxy", FRONT_PROXY, issuer)
    _write_key(pki.key("service-accounts"), ec.generate_private_key(ec.SECP256R1()))
    rows = []
    for identity, (user, groups) in IDENTITIES.items():
        token = secrets.token_hex(24)
        rows.append(f'{token},{user},{user},"{",".join(groups)}"')
        _write(pki.kubeconfig(identity), kubeconfig(pki.authority, user, token).encode())
    _write(pki.tokens, ("\n".join(rows) + "\n").encode())
    return pki


def kubeconfig(authority: Path, user: str, token: str) -> str:
    """A kubeconfig with the authority's certificate inside, so that the file can be copied alone."""
    data = base64.b64encode(authority.read_bytes()).decode()
    server = f"https://{HOST_ADDRESS}:{API_PORT}"
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "goflow-test", "cluster": {"server": server, "certificate-authority-data": data}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "goflow-test", "context": {"cluster": "goflow-test", "user": user}}],
            "current-context": "goflow-test",
        }
    )


def _serving_names() -> list[x509.GeneralName]:
    service = "kubernetes.default.svc"
    names = ["kubernetes", "kubernetes.default", service, f"{service}.{CLUSTER_DOMAIN}", "localhost"]
    addresses = [API_SERVICE_ADDRESS, HOST_ADDRESS, "127.0.0.1"]
    return [
        *(x509.DNSName(name) for name in names),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]


def _leaf(
    pki: Pki,
    name: str,
    common_name: str,
    issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey],
    *,
    organization: str | None = None,
    names: list[x509.GeneralName] | None = None,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(common_name, key, issuer[0], issuer[1], organization=organization, names=names)
    pki.certificate(name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_key(pki.key(name), key)


def _certificate(
    common_name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    organization: str | None = None,
    names: list[x509.GeneralName] | None = None,
) -> x509.Certificate:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    subject = x509.Name(attributes)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    _write(path, pem)


def _write(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)

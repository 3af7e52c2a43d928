const answer = await fetch('latest');
const report = await answer.json();
document.querySelector('#when').textContent = answer.ok
  ? `${report.devices} devices, counted at ${report.updatedAt}.`
  : report.error;
for (const [site, devices] of Object.entries(report.sites ?? {})) {
  const row = document.querySelector('#sites').insertRow();
  row.insertCell().textContent = site;
  row.insertCell().textContent = devices;
}
